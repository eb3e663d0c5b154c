/**
 * The signs of life of one connection: when it was last heard, when it is asked, and what its
 * silence means. What becomes of a silent connection is decided by its owner.
 */
import type { Clock, Timer } from '../base/time.ts';
import { isDoubtful, PING_DEADLINE_MS, pingDelayMs, type HealthSettings } from './health.ts';
import type { Proof } from './policy.ts';
import type { Counters } from './stats.ts';

export interface PulseContext {
  readonly clock: Clock;
  readonly settings: HealthSettings;
  readonly counters: Counters;
  /** Asks the server for an answer, if there is a session to ask on. */
  readonly ping: () => void;
  /** The answer to a probe: proof, or silence until the deadline. */
  readonly onProbed: (alive: boolean) => void;
  /** When it was last used, milliseconds of the wall clock. */
  readonly lastUsedAt: () => number;
}

export class Pulse {
  readonly #context: PulseContext;
  #heardAt: number;
  #rttMs: number | null = null;
  #probing = false;
  /** It was asked, and nothing has been heard since. */
  #silent = false;
  #ended = false;
  #onSign: (() => void) | undefined;
  #cancel: (() => void) | undefined;
  #timer: Timer | undefined;

  constructor(context: PulseContext) {
    this.#context = context;
    this.#heardAt = context.clock.now();
    this.#later();
  }

  /** Round trip of the last probe in milliseconds; null before the first. */
  get rttMs(): number | null {
    return this.#rttMs;
  }

  get proof(): Proof {
    if (this.#probing) return 'probing';
    if (this.#silent) return 'silent';
    const { clock, settings, lastUsedAt } = this.#context;
    const now = clock.now();
    const doubtful = isDoubtful(now - this.#heardAt, now - lastUsedAt(), settings);
    return doubtful ? 'doubtful' : 'proven';
  }

  /** A message of the server came. */
  heard(): void {
    this.#heardAt = this.#context.clock.now();
    this.#silent = false;
    const onSign = this.#onSign;
    this.#onSign = undefined;
    onSign?.();
  }

  /** Asks for a sign of life and tells onProbed, unless the connection ends first. */
  async probe(): Promise<void> {
    if (this.#probing) return;
    const { clock, counters, onProbed } = this.#context;
    this.#probing = true;
    const startedAt = clock.monotonic();
    const alive = await this.#answer();
    this.#probing = false;
    if (this.#ended) return;
    if (alive) {
      counters.healthChecksPassed++;
      this.#rttMs = clock.monotonic() - startedAt;
    } else {
      counters.healthCheckFailures++;
      this.#silent = true;
    }
    onProbed(alive);
  }

  end(): void {
    this.#ended = true;
    this.#cancel?.();
    this.#timer?.cancel();
  }

  /** Whatever the server says within the deadline is a sign of life. */
  #answer(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = this.#context.clock.after(PING_DEADLINE_MS, () => resolve(false));
      this.#onSign = () => {
        timer.cancel();
        resolve(true);
      };
      this.#cancel = () => {
        timer.cancel();
        resolve(false);
      };
      this.#context.ping();
    });
  }

  #later(): void {
    const { clock, settings, lastUsedAt } = this.#context;
    if (!settings.healthChecks) return;
    this.#timer = clock.after(pingDelayMs(clock.now() - lastUsedAt(), settings), () => {
      void this.probe();
      this.#later();
    });
  }
}
