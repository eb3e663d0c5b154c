/** A clock that the test advances, for all code that takes a `Clock`. */
import type { Clock, Timer } from '../../src/base/time.ts';

interface Due {
  readonly at: number;
  readonly run: () => void;
}

export class FakeClock implements Clock {
  #wall: number;
  #monotonic = 0;
  /** In the order in which they were set: timers that are due together run in this order. */
  readonly #timers = new Set<Due>();

  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#wall = now;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(delayMs: number, run: () => void): Timer {
    const due = { at: this.#monotonic + delayMs, run };
    this.#timers.add(due);
    return { cancel: () => this.#timers.delete(due) };
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /**
   * Lets `ms` pass. Timers run in the order in which they are due, each at its own time, including
   * timers that another timer sets.
   */
  advance(ms: number): void {
    const end = this.#monotonic + ms;
    for (let due = this.#next(end); due !== undefined; due = this.#next(end)) {
      this.#timers.delete(due);
      this.#moveTo(Math.max(due.at, this.#monotonic));
      due.run();
    }
    this.#moveTo(end);
  }

  /** Moves the wall clock alone, as a sleeping machine or a corrected clock does. */
  jump(ms: number): void {
    this.#wall += ms;
  }

  #next(end: number): Due | undefined {
    let next: Due | undefined;
    for (const due of this.#timers) {
      if (due.at <= end && (next === undefined || due.at < next.at)) next = due;
    }
    return next;
  }

  #moveTo(monotonic: number): void {
    this.#wall += monotonic - this.#monotonic;
    this.#monotonic = monotonic;
  }
}
