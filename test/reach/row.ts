/** One row of the table of hosts that must be reached: how it is set up and what is expected. */
import type { RunOptions } from '../support/cli.ts';
import type { Sandbox } from '../support/sandbox.ts';

/** The arguments for `ssh ARGS` and for `sshpool exec ARGS`. */
export interface Case {
  /** Options, HOST and command. */
  readonly args: readonly string[];
  readonly run?: RunOptions;
  /** Another result to compare, read after the call. */
  readonly after?: () => string | Promise<string>;
}

/** The kinds of outcome that must be equal for ssh and sshpool; their messages differ. */
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
  /** The expected outcome of ssh. */
  readonly outcome: Outcome;
  /** The link that `auto` chooses; ssh2 unless given, none if no connection stays. */
  readonly link?: 'openssh' | 'none';
  /** If ssh2 cannot do it: the error of sshpool with SSH_POOL_LINK=ssh2. */
  readonly notOverSsh2?: RegExp;
  /** The part of stderr that must be identical. */
  readonly words?: RegExp;
  /** Why it cannot run on this machine. */
  readonly skip?: string | undefined;
  /** Runs for each contender. */
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
