/** How far the pool trusts the server of one connection, and what its end says about that (grade.ts). */
import type { Clock, Timer } from '../../base/time.ts';
import { firstFinding, gradeAfter, type Finding, type Grade } from './grade.ts';
import type { Limits } from './limits.ts';
import type { Sessions } from './sessions.ts';
import { trialMs, type TrialResult } from './trial.ts';

/** After this pause a server has to keep a spare: if that makes it close, no command is lost. */
const PAUSE_MS = 2000;
const KEPT_MS = 10_000;
/** A connection that ends later was closed as idle. */
const EARLY_MS = PAUSE_MS + KEPT_MS;

/** The most sessions on one connection: below sshd's MaxSessions (10), with room for the spare. */
export const SESSIONS_PER_CONNECTION = 8;

/** How many concurrent sessions a new connection will take. */
export function capOfNew({ grade, maxChannels }: Limits): number {
  const isOne = grade === 'untried' || grade === 'single';
  return isOne ? 1 : Math.min(SESSIONS_PER_CONNECTION, maxChannels);
}

export interface StandingContext {
  readonly limits: Pick<Limits, 'grade'>;
  readonly serverVersion: string;
  readonly clock: Clock;
  readonly connectMs: number;
  readonly sessions: () => Pick<Sessions, 'tryTwo' | 'refill' | 'ready'>;
  readonly onFinding: (finding: Finding) => void;
  readonly onTried: (result: TrialResult) => void;
}

export class Standing {
  readonly #context: StandingContext;
  #grade: Grade;
  #lastUsedAt: number;
  #uses = 0;
  /** Sessions that had a command and have ended. */
  #served = 0;
  #trying = false;
  #rested = false;
  #ended = false;
  #timer: Timer | undefined;

  constructor(context: StandingContext) {
    this.#context = context;
    this.#grade = context.limits.grade;
    this.#lastUsedAt = context.clock.now();
  }

  start(): void {
    const first = firstFinding(this.#context.serverVersion);
    if (gradeAfter(this.#grade, first) !== this.#grade) this.#find(first);
  }

  /** The trial is under way: a session begun now may be lost with the connection. */
  get trying(): boolean {
    return this.#trying;
  }

  get untried(): boolean {
    return this.#grade === 'untried';
  }

  /** Several sessions and tunnels may run at the same time. */
  get shares(): boolean {
    return this.#grade === 'proven' || this.#grade === 'tried';
  }

  /** Milliseconds since the epoch; the time of creation if it was never used. */
  get lastUsedAt(): number {
    return this.#lastUsedAt;
  }

  get uses(): number {
    return this.#uses;
  }

  get cap(): number {
    if (this.shares) return SESSIONS_PER_CONNECTION;
    return this.#grade === 'single' && this.#uses > 0 ? 0 : 1;
  }

  allowsSpare(active: number): boolean {
    return this.#grade === 'proven' || (this.#grade === 'tried' && active === 0 && this.#rested);
  }

  /** Returns true if the connection cannot be used again. */
  idle(): boolean {
    if (this.#grade === 'single') return this.#uses > 0;
    if (this.untried && this.#uses > 0) this.try();
    else if (this.#grade === 'tried') this.#rest();
    return false;
  }

  /** onTried follows, or the end of the connection. */
  try(): void {
    if (this.#trying) return;
    this.#trying = true;
    const { connectMs, sessions, onTried } = this.#context;
    void sessions()
      .tryTwo(trialMs(connectMs))
      .then((result) => {
        this.#trying = false;
        if (this.#ended) return;
        // A refusal is as good: the server has a limit, and keeps to it.
        this.#find(result === 'silent' ? 'died-early' : 'took-two');
        onTried(result);
      });
  }

  used(): void {
    this.#uses++;
    this.#rested = false;
    this.#timer?.cancel();
    this.touch();
  }

  touch(): void {
    this.#lastUsedAt = this.#context.clock.now();
  }

  served(): void {
    this.touch();
    this.#served++;
    if (this.#served === 2) this.#find('used-again');
  }

  /** The pool had not closed it; `underWay` sessions and tunnels were in use. */
  died(underWay: number): void {
    this.end();
    const sinceUseMs = this.#context.clock.now() - this.#lastUsedAt;
    // If a connection breaks while a command runs, the network may be the cause. But at the second
    // command of a server that is not known to be good, the server may be the cause.
    const isSuspect = this.#grade === 'tried' && this.#served === 1;
    const isEarly = this.#served < 2 && sinceUseMs <= EARLY_MS && (underWay === 0 || isSuspect);
    if (this.#trying || isEarly) this.#find('died-early');
  }

  end(): void {
    this.#ended = true;
    this.#timer?.cancel();
  }

  #find(finding: Finding): void {
    this.#grade = gradeAfter(this.#grade, finding);
    this.#context.onFinding(finding);
  }

  /** The next use of the connection ends the pause. */
  #rest(): void {
    const { clock, sessions } = this.#context;
    this.#timer?.cancel();
    this.#timer = clock.after(PAUSE_MS, () => {
      this.#rested = true;
      sessions().refill();
      this.#timer = clock.after(KEPT_MS, () => {
        if (sessions().ready) this.#find('kept');
      });
    });
  }
}
