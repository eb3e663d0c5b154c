/** What a new connection is given, and the events that it reports. */
import type { Trace } from '../../base/moves.ts';
import type { Clock } from '../../base/time.ts';
import type { HealthSettings } from './health.ts';
import type { Trust } from './host-trust.ts';
import type { Found, Limits } from './limits.ts';
import type { HealthCounters } from './pulse.ts';

/** The target of a connection, as messages and statistics name it. */
export interface Label {
  /** HOST as the user typed it. */
  readonly target: string;
  /** The alias or host name in HOST. */
  readonly name: string;
  readonly user: string;
  readonly hostname: string;
  readonly port: number;
  /** Jump host, proxy command and HostKeyAlias (config/ssh-config/options.ts, wayOf); undefined if none. */
  readonly way?: string | undefined;
}

export interface ConnectTimes {
  readonly connectMs: number;
  /** The user's answers, not part of connectMs: they tell nothing about the network or the server. */
  readonly askedMs: number;
}

export interface MadeConnect extends ConnectTimes {
  readonly id: number;
}

export interface ConnectionSettings extends HealthSettings {
  readonly idleTimeoutMs: number;
}

export interface ConnectionContext extends MadeConnect {
  readonly key: string;
  readonly label: Label;
  readonly trust: Trust;
  readonly clock: Clock;
  readonly settings: ConnectionSettings;
  readonly counters: HealthCounters;
  /** The key agent's socket, if agent forwarding is on. */
  readonly forwardAgent: string | undefined;
  readonly limits: Limits;
  readonly trace: Trace | undefined;
  readonly events: ConnectionEvents;
}

export interface ConnectionEvents {
  /** Called once, as the first event. */
  onOpen(): void;
  /** A session or a tunnel may fit now, or the connection has proved to be alive. */
  onRoom(): void;
  onLimit(found: Found): void;
  onRefused(): void;
  /** The server answered a ping. */
  onReached(): void;
  /** Called exactly once, as the last event. */
  onClosed(): void;
}
