/** A cache by key: each value is valid for `lifeMs`; above `max` entries the oldest are dropped. */
import type { Clock } from './time.ts';

export class TtlCache<V> {
  readonly #clock: Clock;
  readonly #lifeMs: number;
  readonly #max: number;
  readonly #byKey = new Map<string, { readonly value: V; readonly since: number }>();

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
