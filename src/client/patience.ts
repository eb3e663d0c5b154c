/**
 * How long a caller waits for an agent that says nothing: so long for its hello, and then for the
 * answer to a ping, which follows the same time without any message; longer once the command runs.
 */
import { systemClock, type Clock, type Timer } from '../base/time.ts';
import { AGENT_PATIENCE_MS, AGENT_RUNNING_PATIENCE_MS } from '../wire/protocol.ts';

export interface PatienceEvents {
  /** No message for a while: ask for one. */
  ask(): void;
  /** The agent hangs. Told once. */
  giveUp(): void;
}

export class Patience {
  readonly #events: PatienceEvents;
  readonly #clock: Clock;
  /** `asked`: the next message is due. A hello is due from the beginning. */
  #state: 'asked' | 'quiet' | 'over' = 'asked';
  #timer: Timer;
  #limitMs: number = AGENT_PATIENCE_MS;
  /** When the last message came; a timer that is due looks here, so that no message moves it. */
  #heardAt: number;

  constructor(events: PatienceEvents, clock: Clock = systemClock) {
    this.#events = events;
    this.#clock = clock;
    this.#heardAt = clock.monotonic();
    this.#timer = clock.after(AGENT_PATIENCE_MS, () => this.#due());
  }

  /** A message has come. */
  heard(): void {
    if (this.#state === 'over') return;
    this.#state = 'quiet';
    this.#heardAt = this.#clock.monotonic();
  }

  /** The remote command runs: there is more to lose by giving up. */
  runs(): void {
    this.#limitMs = AGENT_RUNNING_PATIENCE_MS;
  }

  /** From now on the agent may be silent for as long as it likes. */
  end(): void {
    this.#state = 'over';
    this.#timer.cancel();
  }

  #due(): void {
    const left = this.#heardAt + this.#limitMs - this.#clock.monotonic();
    if (this.#state === 'quiet' && left > 0) return this.#again(left);
    // After a stop of this process (SIGSTOP, sleep) what has come meanwhile is read first.
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
