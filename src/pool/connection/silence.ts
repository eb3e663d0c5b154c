/** Whether a connection is silent while an answer is due, and how long that is tolerated. Sends nothing. */
import type { Clock, Timer } from '../../base/time.ts';
import { giveUpAt, SILENCE_LIMIT_MS, type ServerAnswer } from './health.ts';

export interface SilenceEvents {
  /** An answer is overdue; called again for each further one. */
  onSilent(): void;
  onSign(): void;
  /** The wait for unanswered commands is over. */
  onExpired(): void;
}

export class Silence {
  readonly #clock: Clock;
  /** The usual time of a connect. */
  readonly #usualMs: number;
  readonly #events: SilenceEvents;
  readonly #watchers = new Set<() => void>();
  #silent = false;
  /** Since when an answer is due, by the monotonic clock. */
  #askedAt = 0;
  #expiresAt = Infinity;
  #timer: Timer | undefined;

  constructor(clock: Clock, usualMs: number, events: SilenceEvents) {
    this.#clock = clock;
    this.#usualMs = usualMs;
    this.#events = events;
  }

  get silent(): boolean {
    return this.#silent;
  }

  overdue(askedAt: number): void {
    this.#silent = true;
    if (this.#timer === undefined) {
      this.#askedAt = askedAt;
      this.#expireAt(askedAt + SILENCE_LIMIT_MS);
    }
    for (const watcher of [...this.#watchers]) watcher();
    this.#events.onSilent();
  }

  /** Calls `watcher` each time the connection falls silent, until the returned function is called. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Called for every packet. */
  sign(): void {
    if (!this.#silent) return;
    this.#silent = false;
    this.end();
    this.#events.onSign();
  }

  reached(how: ServerAnswer): void {
    if (this.#timer === undefined) return;
    const at = giveUpAt(this.#askedAt, how, this.#usualMs);
    if (at < this.#expiresAt) this.#expireAt(at);
  }

  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #expireAt(at: number): void {
    this.end();
    this.#expiresAt = at;
    this.#timer = this.#clock.after(Math.max(0, at - this.#clock.monotonic()), () => {
      this.#timer = undefined;
      this.#events.onExpired();
    });
  }
}
