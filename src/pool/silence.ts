/**
 * Whether a connection is silent while an answer is due, and for how long that is endured: until
 * the server was reached by another connection, or up to a limit. Sends nothing.
 */
import type { Clock, Timer } from '../base/time.ts';
import { giveUpAt, SILENCE_LIMIT_MS, type ServerAnswer } from './health.ts';

export interface SilenceEvents {
  /** An answer is overdue; told again where another one is. */
  onSilent(): void;
  /** It was silent, and a message came. */
  onSign(): void;
  /** Unanswered commands are not waited for any longer. */
  onExpired(): void;
}

export class Silence {
  readonly #clock: Clock;
  /** What a connect takes, milliseconds. */
  readonly #usualMs: number;
  readonly #events: SilenceEvents;
  readonly #watchers = new Set<() => void>();
  #silent = false;
  /** Since when an answer is due, by the monotonic clock. */
  #askedAt = 0;
  #expiresAt = Infinity;
  /** While it is silent, up to the limit. */
  #timer: Timer | undefined;

  constructor(clock: Clock, usualMs: number, events: SilenceEvents) {
    this.#clock = clock;
    this.#usualMs = usualMs;
    this.#events = events;
  }

  get silent(): boolean {
    return this.#silent;
  }

  /** No answer came to what was asked then. */
  overdue(askedAt: number): void {
    this.#silent = true;
    if (this.#timer === undefined) {
      this.#askedAt = askedAt;
      this.#expireAt(askedAt + SILENCE_LIMIT_MS);
    }
    for (const watcher of [...this.#watchers]) watcher();
    this.#events.onSilent();
  }

  /** Calls `watcher` each time when it falls silent, until the returned function is called. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** A message came. On the way of every packet. */
  sign(): void {
    if (!this.#silent) return;
    this.#silent = false;
    this.end();
    this.#events.onSign();
  }

  /** The server was reached by another connection. */
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
