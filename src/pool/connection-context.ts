/** What a connection is made with, and whom it tells. */
import type { Clock } from '../base/time.ts';
import type { ConnectionSettings } from './connection.ts';
import type { Label } from './label.ts';
import type { Found, Limits } from './limits.ts';
import type { Trust } from './request.ts';
import type { ConnectTimes } from './pending-connects.ts';
import type { Counters } from './stats.ts';

export interface ConnectionContext extends ConnectTimes {
  readonly id: number;
  /** Names the identity that it has. */
  readonly key: string;
  readonly label: Label;
  /** Of the caller that it is made for. */
  readonly trust: Trust;
  readonly clock: Clock;
  readonly settings: ConnectionSettings;
  readonly counters: Counters;
  /** The key agent's socket, where it is forwarded. */
  readonly forwardAgent: string | undefined;
  /** What the server is known to allow. */
  readonly limits: Limits;
  readonly events: ConnectionEvents;
}

export interface ConnectionEvents {
  /** There may be room now where there was none, or proof. */
  onRoom(): void;
  /** Something was found out about what the server allows. */
  onLimit(found: Found): void;
  /** The server opened no further session. */
  onRefused(): void;
  /** It has answered a ping: the server can be reached. */
  onReached(): void;
  /** Exactly once, last. */
  onClosed(): void;
}
