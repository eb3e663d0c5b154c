/** Limits the answers that a server provokes by unsolicited messages: a budget that refills over time. */
import { systemClock, type Clock } from '../../base/time.ts';

/** Far above what an honest server needs: a keep-alive a second, its host keys, channels for a key agent. */
const AT_ONCE = 2000;
const PER_SECOND = 500;

export const TOO_MANY_REQUESTS = `the server sends too many requests (more than ${AT_ONCE} at once and ${PER_SECOND} a second)`;

export class ReplyBudget {
  readonly #clock: Pick<Clock, 'monotonic'>;
  #left = AT_ONCE;
  #since: number;

  constructor(clock: Pick<Clock, 'monotonic'> = systemClock) {
    this.#clock = clock;
    this.#since = clock.monotonic();
  }

  /** False if the budget is used up. */
  take(): boolean {
    const now = this.#clock.monotonic();
    const refilled = ((now - this.#since) / 1000) * PER_SECOND;
    this.#left = Math.min(AT_ONCE, this.#left + refilled) - 1;
    this.#since = now;
    return this.#left >= 0;
  }
}
