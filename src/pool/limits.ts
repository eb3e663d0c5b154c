/**
 * What servers were found to allow, by key, beyond the life of a connection: a limit is met once
 * and not anew by each connection. It is forgotten after a while, for the server may be configured
 * anew.
 */
import type { Clock } from '../base/time.ts';

export interface Limits {
  /** Sessions at a time on one connection, the spare included. */
  readonly maxChannels: number;
  /** It closes a session that waits for its command. */
  readonly spareless: boolean;
}

const UNLIMITED: Limits = { maxChannels: Infinity, spareless: false };

const REMEMBERED_MS = 10 * 60_000;
/** Keys at the most; those learned of longest ago go first. */
const MAX_KEYS = 256;

export class KnownLimits {
  readonly #clock: Clock;
  /** In the order in which they were learned. */
  readonly #byKey = new Map<string, { readonly limits: Limits; readonly learnedAt: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(key: string): Limits {
    const known = this.#byKey.get(key);
    if (!known) return UNLIMITED;
    if (this.#clock.monotonic() - known.learnedAt < REMEMBERED_MS) return known.limits;
    this.#byKey.delete(key);
    return UNLIMITED;
  }

  /** Adds to what is known. A limit is only lowered: connections differ in what they came upon. */
  learn(key: string, found: Partial<Limits>): void {
    const known = this.of(key);
    const limits: Limits = {
      maxChannels: Math.min(known.maxChannels, found.maxChannels ?? Infinity),
      spareless: known.spareless || (found.spareless ?? false),
    };
    this.#byKey.delete(key);
    this.#byKey.set(key, { limits, learnedAt: this.#clock.monotonic() });
    for (const oldest of this.#byKey.keys()) {
      if (this.#byKey.size <= MAX_KEYS) break;
      this.#byKey.delete(oldest);
    }
  }
}
