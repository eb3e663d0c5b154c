/** Whether a session gets a terminal (ssh.c, main). Pure. */
import type { TtyWish } from '../config/command-line/call-args.ts';

export interface TtyFacts {
  /** From the command line, which takes precedence over RequestTTY. */
  readonly wish: TtyWish;
  /** RequestTTY, as `ssh -G` prints it. */
  readonly configured: string | undefined;
  readonly hasCommand: boolean;
  /** Standard input is a terminal and is forwarded. */
  readonly stdinIsTerminal: boolean;
}

/** `withheld`: requested, but standard input is not a terminal. */
export type TtyDecision = 'given' | 'withheld' | 'none';

const CONFIGURED: Readonly<Record<string, TtyWish | undefined>> = {
  no: 'never',
  false: 'never',
  yes: 'request',
  true: 'request',
  force: 'force',
};

export function decideTty({
  wish,
  configured,
  hasCommand,
  stdinIsTerminal,
}: TtyFacts): TtyDecision {
  const asked = askedFor({ wish, configured });
  if (asked === 'never' || (asked === 'default' && hasCommand)) return 'none';
  return asked === 'force' || stdinIsTerminal ? 'given' : 'withheld';
}

/** Whether the user requested a terminal explicitly: if the server then refuses it, the call fails. */
export function isTtyDemanded(facts: Pick<TtyFacts, 'wish' | 'configured'>): boolean {
  const asked = askedFor(facts);
  return asked === 'request' || asked === 'force';
}

function askedFor({ wish, configured = 'auto' }: Pick<TtyFacts, 'wish' | 'configured'>): TtyWish {
  return wish === 'default' ? (CONFIGURED[configured] ?? 'default') : wish;
}
