/**
 * How much one running session transfers: whether it is a bulk transfer, in whose queues a short command
 * on the same connection would wait for seconds.
 */
import type { Clock } from '../base/time.ts';

/** This many bytes within this time are bulk. A link of 2 MB/s moves them in an eighth of a second. */
const BULK_BYTES = 256 * 1024;
const BULK_MS = 1000;

/**
 * Called for every packet, so it adds and compares, and sets no timer. A transfer that is blocked by its
 * slow reader moves nothing and is not bulk: it delays no other command.
 */
export class Traffic {
  readonly #clock: Clock;
  #since = -Infinity;
  /** Moved since `#since`. */
  #bytes = 0;
  /** When it last moved BULK_BYTES in time. */
  #bulkAt = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `bytes` more were received or sent. */
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
