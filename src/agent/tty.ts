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
  configured,
  hasCommand,
  stdinIsTerminal,
}: TtyFacts): TtyDecision {
  const asked = askedFor({ wish, configured });
  if (asked === 'never' || (asked === 'default' && hasCommand)) return 'none';
  return asked === 'force' || stdinIsTerminal ? 'given' : 'withheld';
}

/** Whether it was asked for, and not only given because there is one here: then a refusal is the end. */
export function isTtyDemanded(facts: Pick<TtyFacts, 'wish' | 'configured'>): boolean {
  const asked = askedFor(facts);
  return asked === 'request' || asked === 'force';
}

function askedFor({ wish, configured = 'auto' }: Pick<TtyFacts, 'wish' | 'configured'>): TtyWish {
  return wish === 'default' ? (CONFIGURED[configured] ?? 'default') : wish;
}
