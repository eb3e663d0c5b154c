/**
 * The signs of life of one connection: when it was last heard, when it is asked, and what its
 * silence means. What becomes of a silent connection is decided by its owner.
 */
import type { Clock, Timer } from '../base/time.ts';
import {
  answerDueMs,
  isDoubtful,
  PING_DEADLINE_MS,
  pingDelayMs,
  UPLOAD_BYTES,
  type HealthSettings,
} from './health.ts';
import type { Proof } from './policy.ts';
import { Silence, type SilenceEvents } from './silence.ts';
import type { Counters } from './stats.ts';

export interface PulseContext extends SilenceEvents {
  readonly clock: Clock;
  readonly settings: HealthSettings;
  readonly counters: Counters;
  /** How long it took to connect. */
  readonly connectMs: number;
  /** Asks the server for an answer, if there is a session to ask on. */
  readonly ping: () => void;
  /** Whether the server has something to answer besides pings. */
  readonly isAwaited: () => boolean;
  /** Bytes that may be under way to the server, behind which a question would wait. */
  readonly unconfirmed: () => number;
  /** The answer to a probe: proof, or silence until the deadline. */
  readonly onProbed: (alive: boolean) => void;
  /** When it was last used, milliseconds of the wall clock. */
  readonly lastUsedAt: () => number;
}

export class Pulse {
  readonly #context: PulseContext;
  readonly #silence: Silence;
  /** By the wall clock, which shows a sleep of the machine. */
  #heardAt: number;
  /** By the monotonic clock. */
  #signAt: number;
  /** The first question since then, by the monotonic clock. */
  #askedAt = -Infinity;
  #promptedAt = -Infinity;
  #watch: Timer | undefined;
  #rttMs: number | null = null;
  #probing = false;
  #ended = false;
  #onSign: (() => void) | undefined;
  #cancel: (() => void) | undefined;
  #timer: Timer | undefined;

  constructor(context: PulseContext) {
    this.#context = context;
    this.#silence = new Silence(context.clock, context.connectMs, context);
    this.#heardAt = context.clock.now();
    this.#signAt = context.clock.monotonic();
    this.#later();
  }

  /** Round trip of the last probe in milliseconds; null before the first. */
  get rttMs(): number | null {
    return this.#rttMs;
  }

  get proof(): Proof {
    const { clock, settings, lastUsedAt } = this.#context;
    // Also while it is asked once more.
    if (this.#silence.silent) return 'silent';
    if (this.#probing) return 'probing';
    const now = clock.now();
    const doubtful = isDoubtful(now - this.#heardAt, now - lastUsedAt(), settings);
    return doubtful ? 'doubtful' : 'proven';
  }

  /** A message of the server came. */
  heard(): void {
    const { clock } = this.#context;
    this.#heardAt = clock.now();
    this.#signAt = clock.monotonic();
    this.#silence.sign();
    const onSign = this.#onSign;
    this.#onSign = undefined;
    onSign?.();
  }

  /** The server was reached by another connection, which took so long; this one may be silent. */
  reachedElsewhere(tookMs: number): void {
    // On a slow link the question may not have left yet.
    if (this.#context.unconfirmed() > UPLOAD_BYTES) return;
    const answeredAt = this.#context.clock.monotonic();
    this.#silence.reached({ begunAt: answeredAt - tookMs, answeredAt });
  }

  /** Calls `watcher` when it falls silent, until the returned function is called. */
  watch(watcher: () => void): () => void {
    return this.#silence.watch(watcher);
  }

  /** Whether a message came since then, by the monotonic clock. */
  heardSince(at: number): boolean {
    return this.#signAt > at;
  }

  /** A question was sent that any server answers soon, such as a command. */
  asked(): void {
    this.#ask();
    this.#watch ??= this.#watchFor(answerDueMs(this.#rttMs));
  }

  /** Asks for a sign beside a question whose answer may be long in coming; holds up no call. */
  prompt(): void {
    if (this.#promptedAt > this.#signAt) return;
    this.#promptedAt = this.#context.clock.monotonic();
    this.#context.ping();
    this.asked();
  }

  /** Asks for a sign of life and tells onProbed, unless the connection ends first. */
  async probe(): Promise<void> {
    if (this.#probing) return;
    const { clock, counters, onProbed } = this.#context;
    this.#probing = true;
    const startedAt = clock.monotonic();
    this.#ask();
    const alive = await this.#answer();
    this.#probing = false;
    if (this.#ended) return;
    if (alive) {
      counters.healthChecksPassed++;
      this.#rttMs = clock.monotonic() - startedAt;
    } else {
      counters.healthCheckFailures++;
      this.#silence.overdue(this.#dueSince);
    }
    onProbed(alive);
  }

  end(): void {
    this.#ended = true;
    this.#cancel?.();
    this.#timer?.cancel();
    this.#watch?.cancel();
    this.#silence.end();
  }

  #ask(): void {
    if (this.#askedAt <= this.#signAt) this.#askedAt = this.#context.clock.monotonic();
  }

  /** Since when nothing was heard although something was asked. */
  get #dueSince(): number {
    return Math.max(this.#askedAt, this.#signAt);
  }

  /** One timer at a time, and none that is cancelled: this is on the way of every command. */
  #watchFor(delayMs: number): Timer {
    const { clock, isAwaited } = this.#context;
    return clock.after(delayMs, () => {
      this.#watch = undefined;
      if (!isAwaited() && this.#promptedAt <= this.#signAt) return;
      const leftMs = this.#dueSince + answerDueMs(this.#rttMs) - clock.monotonic();
      if (leftMs > 0) this.#watch = this.#watchFor(leftMs);
      else {
        this.#silence.overdue(this.#dueSince);
        void this.probe();
      }
    });
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
