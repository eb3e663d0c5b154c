/**
 * How much one running session moves: whether it is a bulk transfer, in whose queues a short
 * command on the same connection would wait for seconds.
 */
import type { Clock } from '../base/time.ts';

/** So much within so long is bulk. A link of 2 MB/s moves it in an eighth of a second. */
const BULK_BYTES = 256 * 1024;
const BULK_MS = 1000;

/**
 * It is on the way of every packet, so it adds and compares, and sets no timer. A transfer that is
 * blocked, because its reader is slow, moves nothing and is not bulk: it is in nobody's way.
 */
export class Traffic {
  readonly #clock: Clock;
  #since = -Infinity;
  /** Moved since then. */
  #bytes = 0;
  /** When it last had moved a bulk in time. */
  #bulkAt = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** So many more bytes came or went. */
  add(bytes: number): void {
    const now = this.#clock.monotonic();
    if (now - this.#since > BULK_MS) this.#restart(now);
    this.#bytes += bytes;
    if (this.#bytes < BULK_BYTES) return;
    this.#bulkAt = now;
    this.#restart(now);
  }

  get bulk(): boolean {
    return this.#clock.monotonic() - this.#bulkAt < BULK_MS;
  }

  #restart(now: number): void {
    this.#since = now;
    this.#bytes = 0;
  }
}
