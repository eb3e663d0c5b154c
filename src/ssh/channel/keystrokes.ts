/** Hides keystroke timing, which reveals words (clientloop.c): packets leave evenly, then chaff follows. */
import { keep, lend, type Borrowed } from '../../base/borrowed.ts';
import type { Clock, Timer } from '../../base/time.ts';
import type { Session } from './session.ts';
import { isAtLeast } from '../link/ssh-version.ts';

/** How long chaff is sent after the last key (SSH_KEYSTROKE_CHAFF_MIN_MS, _RNG_MS). */
const CHAFF_MS = { least: 1024, more: 2048 };
/** The fraction by which an interval varies (SSH_KEYSTROKE_TIMING_FUZZ). */
const FUZZ = 0.1;
/** More bytes than this at once are not typing: they are sent at once, and hiding stops. */
const TYPED_BYTES = 256;
/** The limit on unanswered chaff, above what any network delays: then the server does not answer it. */
const MAX_UNANSWERED = 500;

export interface KeystrokeTiming {
  readonly clock: Clock;
  /** 0 turns hiding off. */
  readonly intervalMs: number;
  readonly random?: () => number;
}

/** The stdin of a session with a terminal. */
export class Keystrokes {
  readonly #session: Pick<Session, 'state' | 'write' | 'endStdin' | 'chaff'>;
  readonly #timing: Required<KeystrokeTiming>;
  #held: Buffer[] = [];
  #timer: Timer | undefined;
  #rateFuzzMs = 0;
  #chaffUntil = 0;
  #unanswered = 0;

  constructor(
    session: Pick<Session, 'state' | 'write' | 'endStdin' | 'chaff'>,
    timing: KeystrokeTiming,
  ) {
    this.#session = session;
    this.#timing = { random: Math.random, ...timing };
  }

  write(data: Borrowed): void {
    const bytes = this.#held.reduce((sum, { length }) => sum + length, data.length);
    if (this.#timing.intervalMs === 0 || bytes > TYPED_BYTES) {
      this.#stop();
      this.#session.write(data);
      return;
    }
    const { clock, intervalMs, random } = this.#timing;
    this.#chaffUntil = clock.monotonic() + CHAFF_MS.least + random() * CHAFF_MS.more;
    if (this.#timer) {
      // A copy: the next message overwrites `data` (base/shared-reads).
      this.#held.push(keep(data));
      return;
    }
    this.#rateFuzzMs = random() * FUZZ * intervalMs;
    this.#session.write(data);
    this.#next();
  }

  endStdin(): void {
    this.#stop();
    this.#session.endStdin();
  }

  #next(): void {
    const { clock, intervalMs, random } = this.#timing;
    const fuzzMs = intervalMs * FUZZ;
    const waitMs = intervalMs - fuzzMs + random() * fuzzMs + this.#rateFuzzMs;
    this.#timer = clock.after(waitMs, () => this.#tick());
  }

  #tick(): void {
    this.#timer = undefined;
    const { state } = this.#session;
    if (state !== 'running' && state !== 'exited') return;
    if (this.#held.length > 0) this.#release();
    else if (this.#timing.clock.monotonic() >= this.#chaffUntil) return;
    else if (this.#unanswered < MAX_UNANSWERED) {
      this.#unanswered += 1;
      this.#session.chaff(() => (this.#unanswered -= 1));
    }
    this.#next();
  }

  #release(): void {
    const data = Buffer.concat(this.#held);
    this.#held = [];
    if (data.length > 0) this.#session.write(lend(data));
  }

  #stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#release();
  }
}

/** `printed`: ObscureKeystrokeTiming of ssh -G. 0 before OpenSSH 9.5: the server may not answer chaff. */
export function keystrokeIntervalMs(printed: string | undefined, serverVersion: string): number {
  if (!isAtLeast(serverVersion, 9, 5)) return 0;
  return printed === undefined || printed === 'yes' ? DEFAULT_MS : Number(printed) || 0;
}

/** SSH_KEYSTROKE_DEFAULT_INTERVAL_MS; ssh -G before 9.5 prints no interval. */
const DEFAULT_MS = 20;
