/** The keep-alive of one connection: when its server is pinged, and what its silence means. */
import type { Clock, Timer } from '../../base/time.ts';
import {
  answerDueMs,
  isDoubtful,
  PING_DEADLINE_MS,
  pingDelayMs,
  UPLOAD_BYTES,
  type HealthSettings,
} from './health.ts';
import { Silence, type SilenceEvents } from './silence.ts';

/** How sure the pool is that the server still answers. */
export type Proof = 'proven' | 'doubtful' | 'probing' | 'silent';

export interface HealthCounters {
  healthChecksPassed: number;
  healthCheckFailures: number;
}

export interface PulseContext extends SilenceEvents {
  readonly clock: Clock;
  readonly settings: HealthSettings;
  readonly counters: HealthCounters;
  readonly connectMs: number;
  readonly ping: () => void;
  /** Whether the server owes an answer besides pings. */
  readonly isAwaited: () => boolean;
  /** Bytes that may be in flight to the server; a ping would wait behind them. */
  readonly unconfirmed: () => number;
  readonly onProbed: (alive: boolean) => void;
  readonly lastUsedAt: () => number;
}

export class Pulse {
  readonly #context: PulseContext;
  readonly #silence: Silence;
  /** By the wall clock, which shows a sleep of the machine. */
  #heardAt: number;
  /** By the monotonic clock. */
  #signAt: number;
  /** When the first question after #signAt was sent, by the monotonic clock. */
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
  }

  start(): void {
    this.#later();
  }

  /** Of the last probe; null before the first. */
  get rttMs(): number | null {
    return this.#rttMs;
  }

  get proof(): Proof {
    const { clock, settings, lastUsedAt } = this.#context;
    // Also while another probe is under way.
    if (this.#silence.silent) return 'silent';
    if (this.#probing) return 'probing';
    const now = clock.now();
    const doubtful = isDoubtful(now - this.#heardAt, now - lastUsedAt(), settings);
    return doubtful ? 'doubtful' : 'proven';
  }

  heard(): void {
    const { clock } = this.#context;
    this.#heardAt = clock.now();
    this.#signAt = clock.monotonic();
    this.#silence.sign();
    const onSign = this.#onSign;
    this.#onSign = undefined;
    onSign?.();
  }

  /** Another connection, made within `tookMs`, reached the server; this one may be silent. */
  reachedElsewhere(tookMs: number): void {
    // On a slow link the ping may not have left yet.
    if (this.#context.unconfirmed() > UPLOAD_BYTES) return;
    const answeredAt = this.#context.clock.monotonic();
    this.#silence.reached({ begunAt: answeredAt - tookMs, answeredAt });
  }

  watch(watcher: () => void): () => void {
    return this.#silence.watch(watcher);
  }

  heardSince(at: number): boolean {
    return this.#signAt > at;
  }

  /** A request was sent that any server answers soon, such as a command. */
  asked(): void {
    this.#ask();
    this.#watch ??= this.#watchFor(answerDueMs(this.#rttMs));
  }

  /** Pings beside a request whose answer may take long; delays no call. */
  prompt(): void {
    if (this.#promptedAt > this.#signAt) return;
    this.#promptedAt = this.#context.clock.monotonic();
    this.#context.ping();
    this.asked();
  }

  /** Calls onProbed, unless the connection ends first. */
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

  get #dueSince(): number {
    return Math.max(this.#askedAt, this.#signAt);
  }

  /** One timer at a time, and none that is cancelled: every command passes here. */
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

  /** Any message from the server within the deadline is a sign of life. */
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
