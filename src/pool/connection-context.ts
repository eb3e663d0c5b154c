/** What a new connection is given, and the events that it reports. */
import type { Trace } from '../base/moves.ts';
import type { Clock } from '../base/time.ts';
import type { HealthSettings } from './health.ts';
import type { Label } from './label.ts';
import type { Found, Limits } from './limits.ts';
import type { Trust } from './request.ts';
import type { MadeConnect } from './pending-connects.ts';
import type { Counters } from './stats.ts';

export interface ConnectionSettings extends HealthSettings {
  readonly idleTimeoutMs: number;
}

export interface ConnectionContext extends MadeConnect {
  /** The identity of the connection (PoolRequest.key). */
  readonly key: string;
  readonly label: Label;
  /** Of the caller that the connection is made for. */
  readonly trust: Trust;
  readonly clock: Clock;
  readonly settings: ConnectionSettings;
  readonly counters: Counters;
  /** The key agent's socket, if agent forwarding is on. */
  readonly forwardAgent: string | undefined;
  /** What the server is known to allow. */
  readonly limits: Limits;
  readonly trace: Trace | undefined;
  readonly events: ConnectionEvents;
}

export interface ConnectionEvents {
  /** Called once, as the first event. */
  onOpen(): void;
  /** A session or a tunnel may fit now, or the connection has proved to be alive. */
  onRoom(): void;
  /** A limit or a property of the server was found. */
  onLimit(found: Found): void;
  /** The server refused to open another session. */
  onRefused(): void;
  /** The server answered a ping: it can be reached. */
  onReached(): void;
  /** Called exactly once, as the last event. */
  onClosed(): void;
}
