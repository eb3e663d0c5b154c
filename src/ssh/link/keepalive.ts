/** Whether a server that has been silent is still there: asked, and asked again, as ssh does. */
import type { Clock, Timer } from '../../base/time.ts';

/** Where the user set none: `ssh` alone would wait for ever. */
export const KEEPALIVE = { intervalMs: 15_000, countMax: 3 } as const;

export interface KeepAliveFacts {
  /** So long it may be silent before it is asked (ServerAliveInterval). */
  readonly intervalMs: number;
  /** So often it is asked in vain (ServerAliveCountMax). */
  readonly countMax: number;
}

export class KeepAlive {
  readonly #clock: Clock;
  readonly #facts: KeepAliveFacts;
  readonly #ask: () => void;
  readonly #onSilent: () => void;
  #timer: Timer | undefined;
  #heard = false;
  #unanswered = 0;

  /** `ask` asks for any answer; `onSilent` is called once, where none came. */
  constructor(clock: Clock, facts: KeepAliveFacts, ask: () => void, onSilent: () => void) {
    this.#clock = clock;
    this.#facts = facts;
    this.#ask = ask;
    this.#onSilent = onSilent;
    this.#later();
  }

  /** Something came. */
  heard(): void {
    this.#heard = true;
  }

  end(): void {
    this.#timer?.cancel();
  }

  #later(): void {
    this.#timer = this.#clock.after(this.#facts.intervalMs, () => this.#look());
  }

  #look(): void {
    if (this.#heard) {
      this.#heard = false;
      this.#unanswered = 0;
    } else if (this.#unanswered >= this.#facts.countMax) {
      this.#onSilent();
      return;
    } else {
      this.#unanswered++;
      this.#ask();
    }
    this.#later();
  }
}
