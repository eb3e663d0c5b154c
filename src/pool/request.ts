/** What callers want of the pool, and what it goes by. */
import type { Connector } from './pending-connects.ts';
import type { ConnectionSettings } from './connection.ts';
import type { Label } from './label.ts';
import type { Link } from '../ssh/link/link.ts';

/** Which servers a caller trusts, for judging a connection that was made earlier. */
export interface Trust {
  /** Changes with whatever decides about that. */
  readonly stamp: string;
  /**
   * What is known now of the server at the other end, as one text: a connection about which
   * it is not what it was, and that is not `trusted` either, is not used any more.
   */
  judge(link: Pick<Link, 'hostKey' | 'via'> | undefined): string;
}

/** The text of a server whose very key is known. */
export const TRUSTED = 'trusted';

/** What a caller wants: a session to a target, over the pool or over a connection of its own. */
export interface PoolRequest extends Connector {
  /** Names everything that decides who we are and whom we talk to. */
  readonly key: string;
  readonly label: Label;
  readonly trust: Trust;
  /** Whether later calls may use what `connect` made: not where who we are changed meanwhile. */
  readonly isShareable: (link: Link) => boolean;
  readonly forwardAgent: string | undefined;
  /** Its caller answers no questions (BatchMode). */
  readonly batchMode: boolean;
}

export interface PoolSettings extends ConnectionSettings {
  readonly maxConnections: number;
  readonly queueTimeoutMs: number;
}
