/** Whether a session is a bulk transfer, in whose queues a short command would wait for seconds. */
import type { Clock } from '../../base/time.ts';

/** This many bytes within this time are bulk. A link of 2 MB/s moves them in an eighth of a second. */
const BULK_BYTES = 256 * 1024;
const BULK_MS = 1000;

/** Every packet calls it, so it sets no timer. A transfer blocked by its reader delays no other: not bulk. */
export class Traffic {
  readonly #clock: Clock;
  #since = -Infinity;
  #bytes = 0;
  #bulkAt = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

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
