/** What callers want of the pool, and what it goes by. */
import type { Connector } from './attempts.ts';
import type { ConnectionSettings } from './connection.ts';
import type { Label } from './label.ts';

/** What a caller wants: a session to a target, over the pool or over a connection of its own. */
export interface PoolRequest extends Connector {
  /** Names everything that decides who we are and whom we talk to. */
  readonly key: string;
  readonly label: Label;
  readonly forwardAgent: string | undefined;
  /** Its caller answers no questions (BatchMode). */
  readonly asksNobody: boolean;
}

export interface PoolSettings extends ConnectionSettings {
  readonly maxConnections: number;
  readonly queueTimeoutMs: number;
}
