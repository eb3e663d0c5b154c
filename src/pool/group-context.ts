/** What a group is made with, and whom it tells. */
import type { Clock } from '../base/time.ts';
import type { OnPoolEvent } from './events.ts';
import type { Handshakes } from './handshakes.ts';
import type { Limits } from './limits.ts';
import type { PoolSettings } from './request.ts';
import type { Counters } from './stats.ts';

export interface GroupContext {
  readonly clock: Clock;
  readonly settings: PoolSettings;
  readonly counters: Counters;
  readonly handshakes: Handshakes;
  /** What the server is known to allow. */
  readonly limits: { known(): Limits; learn(found: Partial<Limits>): void };
  readonly nextId: () => number;
  readonly onEvent: OnPoolEvent | undefined;
  /** Nothing is left in it. */
  readonly onEmpty: () => void;
}
