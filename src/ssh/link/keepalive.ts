/** Keep-alives: checks whether a silent server still answers, as ssh does. */
import type { Clock, Timer } from '../../base/time.ts';

/** The default where the user set none; ssh itself would wait for ever. */
export const KEEPALIVE = { intervalMs: 15_000, countMax: 3 } as const;

/** ServerAliveInterval and ServerAliveCountMax of ssh_config(5). */
export interface KeepAliveFacts {
  readonly intervalMs: number;
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

  /** `ask` sends a keep-alive; `onSilent` is called once, if the server does not answer. */
  constructor(clock: Clock, facts: KeepAliveFacts, ask: () => void, onSilent: () => void) {
    this.#clock = clock;
    this.#facts = facts;
    this.#ask = ask;
    this.#onSilent = onSilent;
    this.#later();
  }

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
