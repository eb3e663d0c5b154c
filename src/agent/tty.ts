/** Whether a session gets a terminal (ssh.c, main). Pure. */
import type { TtyWish } from '../config/call-args.ts';

export interface TtyFacts {
  /** Of the command line, which RequestTTY does not overrule. */
  readonly wish: TtyWish;
  /** RequestTTY, as `ssh -G` prints it. */
  readonly configured: string | undefined;
  readonly hasCommand: boolean;
  /** Standard input is a terminal, and is read. */
  readonly stdinIsTerminal: boolean;
}

/** `given`, or `withheld`: wanted, but there is none here to read from. */
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
  configured = 'auto',
  hasCommand,
  stdinIsTerminal,
}: TtyFacts): TtyDecision {
  const asked = wish === 'default' ? (CONFIGURED[configured] ?? 'default') : wish;
  if (asked === 'never' || (asked === 'default' && hasCommand)) return 'none';
  return asked === 'force' || stdinIsTerminal ? 'given' : 'withheld';
}
