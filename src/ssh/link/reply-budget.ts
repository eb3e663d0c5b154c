/**
 * Limits the answers that a server provokes by unsolicited messages: refusals of its channels, replies to its
 * requests. Each connection has a budget that refills over time.
 */
import { systemClock, type Clock } from '../../base/time.ts';

/**
 * Far above what an honest server needs: one keep-alive a second (ClientAliveInterval), the
 * announcement of its host keys, and a channel for each use of a forwarded key agent.
 */
const AT_ONCE = 2000;
const PER_SECOND = 500;

/** Why a connection ends if its server exceeds the budget. */
export const TOO_MANY_REQUESTS = `the server sends too many requests (more than ${AT_ONCE} at once and ${PER_SECOND} a second)`;

export class ReplyBudget {
  readonly #clock: Pick<Clock, 'monotonic'>;
  #left = AT_ONCE;
  #since: number;

  constructor(clock: Pick<Clock, 'monotonic'> = systemClock) {
    this.#clock = clock;
    this.#since = clock.monotonic();
  }

  /** Takes one answer out of the budget; false if the budget is used up. */
  take(): boolean {
    const now = this.#clock.monotonic();
    const refilled = ((now - this.#since) / 1000) * PER_SECOND;
    this.#left = Math.min(AT_ONCE, this.#left + refilled) - 1;
    this.#since = now;
    return this.#left >= 0;
  }
}
