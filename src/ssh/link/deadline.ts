/** A time limit that is paused while the user answers a prompt. */
import type { Clock, Timer } from '../../base/time.ts';

export class Deadline {
  readonly #clock: Clock;
  readonly #onExpired: () => void;
  #leftMs: number;
  #startedAt = 0;
  #timer: Timer | undefined;
  #holders = 0;
  #over = false;

  /** Starts at once; `onExpired` is called at most once, and not after `cancel`. */
  constructor(clock: Clock, limitMs: number, onExpired: () => void) {
    this.#clock = clock;
    this.#leftMs = limitMs;
    this.#onExpired = onExpired;
    this.#run();
  }

  async during<T>(wait: () => Promise<T>): Promise<T> {
    if (this.#holders++ === 0) this.#pause();
    try {
      return await wait();
    } finally {
      if (--this.#holders === 0 && !this.#over) this.#run();
    }
  }

  restart(limitMs: number): void {
    if (this.#over) return;
    this.#timer?.cancel();
    this.#leftMs = limitMs;
    if (this.#holders === 0) this.#run();
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#over = true;
  }

  #run(): void {
    this.#startedAt = this.#clock.monotonic();
    this.#timer = this.#clock.after(this.#leftMs, () => {
      this.#over = true;
      this.#onExpired();
    });
  }

  #pause(): void {
    this.#timer?.cancel();
    // At least 1 ms: only the timer ends the limit.
    this.#leftMs = Math.max(1, this.#leftMs - (this.#clock.monotonic() - this.#startedAt));
  }
}
