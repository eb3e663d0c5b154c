/** What a group is given, the events that it reports, and what it gives to its connections. */
import type { Trace } from '../base/moves.ts';
import type { Clock } from '../base/time.ts';
import type { MadeConnect, ConnectionContext, ConnectionEvents } from './connection/context.ts';
import type { OnPoolEvent } from './events.ts';
import type { Handshakes } from './handshakes.ts';
import type { Found, Limits } from './connection/limits.ts';
import type { PoolRequest, PoolSettings } from './request.ts';
import type { Counters } from './stats.ts';

export interface GroupContext {
  readonly clock: Clock;
  readonly settings: PoolSettings;
  readonly counters: Counters;
  readonly handshakes: Handshakes;
  readonly limits: { known(): Limits; learn(found: Found): void };
  /** The number of the next connection. */
  readonly nextId: () => number;
  readonly nextCall: () => number;
  readonly onEvent: OnPoolEvent | undefined;
  readonly trace: Trace | undefined;
  readonly onEmpty: () => void;
}

export function connectionContext(
  { clock, settings, counters, limits, trace }: GroupContext,
  { key, label, trust, forwardAgent }: PoolRequest,
  made: MadeConnect,
  events: ConnectionEvents,
): ConnectionContext {
  return {
    key,
    label,
    trust,
    clock,
    settings,
    counters,
    forwardAgent,
    limits: limits.known(),
    ...made,
    trace,
    events,
  };
}
