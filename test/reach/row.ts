/** One row of the table of hosts that must be reached: how it is set up and what is expected. */
import type { RunOptions } from '../support/cli.ts';
import type { Sandbox } from '../support/sandbox.ts';

/** What a contender is run with: `ssh ARGS` and `sshpool exec ARGS` alike. */
export interface Case {
  /** Options, HOST and command. */
  readonly args: readonly string[];
  readonly run?: RunOptions;
  /** Something to compare beside the outcome, looked at afterwards. */
  readonly after?: () => string;
}

/** The kinds of outcome in which ssh and sshpool must agree; their words differ. */
export type Outcome =
  | 'ok'
  | 'host key refused'
  | 'permission denied'
  | 'connection refused'
  | 'timeout'
  | 'unknown host'
  | 'configuration error'
  | 'no common algorithm'
  | 'other failure';

export interface Row {
  readonly name: string;
  /** What ssh is known to do with it. */
  readonly outcome: Outcome;
  /** The link that is chosen by itself; ssh2 unless given, none where nothing stays connected. */
  readonly link?: 'openssh' | 'none';
  /** Where ssh2 cannot do it: what sshpool says when it is told to use it all the same. */
  readonly notOverSsh2?: RegExp;
  /** What of stderr must be the same to the letter. */
  readonly words?: RegExp;
  /** Why it cannot run on this machine. */
  readonly skip?: string | undefined;
  /** Made anew for each contender. */
  readonly prepare: (sandbox: Sandbox) => Promise<Case> | Case;
}

const KINDS: readonly (readonly [Outcome, RegExp])[] = [
  ['host key refused', /Host key verification failed|host key is known|was revoked/],
  [
    'permission denied',
    /Permission denied \(|Too many authentication failures|Permission denied$/m,
  ],
  ['connection refused', /Connection refused|connect failed/],
  ['timeout', /timed out|no answer within/],
  ['unknown host', /Could not resolve hostname/],
  ['no common algorithm', /no matching|Unable to negotiate/],
  ['configuration error', /Bad configuration option|terminating, \d+ bad/],
];

export function outcomeOf({
  code,
  stderr,
}: {
  readonly code: number | null;
  readonly stderr: string;
}): Outcome {
  if (code !== 255) return 'ok';
  return KINDS.find(([, words]) => words.test(stderr))?.[0] ?? 'other failure';
}
