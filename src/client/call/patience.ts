/** The timeout for a silent agent: for its hello, and for its answer to a ping. */
import { systemClock, type Clock, type Timer } from '../../base/time.ts';
import { AGENT_PATIENCE_MS, AGENT_RUNNING_PATIENCE_MS } from '../../wire/protocol.ts';

export interface PatienceEvents {
  /** No message for a while: send a ping. */
  ask(): void;
  /** Called once. */
  giveUp(): void;
}

export class Patience {
  readonly #events: PatienceEvents;
  readonly #clock: Clock;
  /** `asked`: waiting for a message, as for the hello at the beginning. */
  #state: 'asked' | 'quiet' | 'over' = 'asked';
  #timer: Timer;
  #limitMs: number = AGENT_PATIENCE_MS;
  /** Time of the last message; checked when the timer fires, so that messages need not reset the timer. */
  #heardAt: number;

  constructor(events: PatienceEvents, clock: Clock = systemClock) {
    this.#events = events;
    this.#clock = clock;
    this.#heardAt = clock.monotonic();
    this.#timer = clock.after(AGENT_PATIENCE_MS, () => this.#due());
  }

  heard(): void {
    if (this.#state === 'over') return;
    this.#state = 'quiet';
    this.#heardAt = this.#clock.monotonic();
  }

  /** The remote command runs: giving up would lose it, so the limit is longer. */
  runs(): void {
    this.#limitMs = AGENT_RUNNING_PATIENCE_MS;
  }

  end(): void {
    this.#state = 'over';
    this.#timer.cancel();
  }

  #due(): void {
    const left = this.#heardAt + this.#limitMs - this.#clock.monotonic();
    if (this.#state === 'quiet' && left > 0) return this.#again(left);
    // After a stop of this process (SIGSTOP, sleep), first reads the data that arrived meanwhile.
    setImmediate(() => this.#decide());
  }

  #decide(): void {
    if (this.#state === 'over') return;
    if (this.#state === 'asked') {
      this.end();
      return this.#events.giveUp();
    }
    if (this.#clock.monotonic() - this.#heardAt >= this.#limitMs) {
      this.#state = 'asked';
      this.#events.ask();
    }
    this.#again(this.#limitMs);
  }

  #again(ms: number): void {
    this.#timer = this.#clock.after(ms, () => this.#due());
  }
}
