/** A cache by key: entries expire after a while, or when there are too many. */
import type { Clock } from './time.ts';

export class TtlCache<V> {
  readonly #clock: Clock;
  readonly #lifeMs: number;
  readonly #max: number;
  /** In insertion order. */
  readonly #byKey = new Map<string, { readonly value: V; readonly since: number }>();

  /** Each value is valid for `lifeMs`; above `max` entries the oldest are dropped. */
  constructor(clock: Clock, { lifeMs, max }: { readonly lifeMs: number; readonly max: number }) {
    this.#clock = clock;
    this.#lifeMs = lifeMs;
    this.#max = max;
  }

  get(key: string): V | undefined {
    const known = this.#byKey.get(key);
    if (!known) return undefined;
    if (this.#clock.monotonic() - known.since < this.#lifeMs) return known.value;
    this.#byKey.delete(key);
    return undefined;
  }

  set(key: string, value: V): void {
    this.#byKey.delete(key);
    this.#byKey.set(key, { value, since: this.#clock.monotonic() });
    for (const oldest of this.#byKey.keys()) {
      if (this.#byKey.size <= this.#max) break;
      this.#byKey.delete(oldest);
    }
  }
}
