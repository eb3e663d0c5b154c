/**
 * How far the pool trusts the server of one connection: one session at a time until it was tried. Also
 * what the end of the connection says about the server. `grade` has the rules.
 */
import type { Clock, Timer } from '../base/time.ts';
import { firstFinding, gradeAfter, type Finding, type Grade } from './grade.ts';
import type { Limits } from './limits.ts';
import { SESSIONS_PER_CONNECTION } from './policy.ts';
import type { Slots } from './slots.ts';
import { trialMs, type TrialResult } from './trial.ts';

/**
 * How long a connection is idle before the server has to keep a spare. A server that closes the
 * connection for a spare then does so in a pause, and not when the next command takes the spare.
 */
const PAUSE_MS = 2000;
/** How long a server must keep a spare to count as one that keeps spares. */
const KEPT_MS = 10_000;
/** A connection that ends later was closed as idle. */
const EARLY_MS = PAUSE_MS + KEPT_MS;

export interface StandingContext {
  /** What was known of the server when the connection was made. */
  readonly limits: Pick<Limits, 'grade'>;
  /** The version that the server sent. */
  readonly serverVersion: string;
  readonly clock: Clock;
  /** How long the connect took. */
  readonly connectMs: number;
  readonly slots: () => Pick<Slots, 'tryTwo' | 'refill' | 'ready'>;
  readonly onFinding: (finding: Finding) => void;
  /** The trial has ended: sessions can be placed. */
  readonly onTried: (result: TrialResult) => void;
}

export class Standing {
  readonly #context: StandingContext;
  #grade: Grade;
  /** By the wall clock. */
  #lastUsedAt: number;
  #uses = 0;
  /** Sessions that had a command and have ended. */
  #served = 0;
  #trying = false;
  /** The connection was idle for PAUSE_MS. */
  #rested = false;
  #ended = false;
  #timer: Timer | undefined;

  constructor(context: StandingContext) {
    this.#context = context;
    this.#grade = context.limits.grade;
    this.#lastUsedAt = context.clock.now();
  }

  /** The server's version is the first finding. */
  start(): void {
    const first = firstFinding(this.#context.serverVersion);
    if (gradeAfter(this.#grade, first) !== this.#grade) this.#find(first);
  }

  /** The trial is under way: a session begun now may be lost with the connection. */
  get trying(): boolean {
    return this.#trying;
  }

  /** See ConnectionView.untried. */
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

  /** How often the connection was used. */
  get uses(): number {
    return this.#uses;
  }

  /** Sessions that may run at the same time. */
  get cap(): number {
    if (this.shares) return SESSIONS_PER_CONNECTION;
    return this.#grade === 'single' && this.#uses > 0 ? 0 : 1;
  }

  /** Whether a spare may be opened while `active` sessions and tunnels are in use. */
  allowsSpare(active: number): boolean {
    return this.#grade === 'proven' || (this.#grade === 'tried' && active === 0 && this.#rested);
  }

  /** The connection has become idle. Returns true if it cannot be used again. */
  idle(): boolean {
    if (this.#grade === 'single') return this.#uses > 0;
    if (this.untried && this.#uses > 0) this.try();
    else if (this.#grade === 'tried') this.#rest();
    return false;
  }

  /** Starts the trial: onTried follows, or the end of the connection. */
  try(): void {
    if (this.#trying) return;
    this.#trying = true;
    const { connectMs, slots, onTried } = this.#context;
    void slots()
      .tryTwo(trialMs(connectMs))
      .then((result) => {
        this.#trying = false;
        if (this.#ended) return;
        // A refusal is as good: the server has a limit, and keeps to it.
        this.#find(result === 'silent' ? 'died-early' : 'took-two');
        onTried(result);
      });
  }

  /** The connection is used. */
  used(): void {
    this.#uses++;
    this.#rested = false;
    this.#timer?.cancel();
    this.touch();
  }

  /** A session or tunnel goes on, or has ended. */
  touch(): void {
    this.#lastUsedAt = this.#context.clock.now();
  }

  /** A session with a command has ended. */
  served(): void {
    this.touch();
    this.#served++;
    if (this.#served === 2) this.#find('used-again');
  }

  /** The connection ended, and the pool had not closed it; `underWay` sessions and tunnels were in use. */
  died(underWay: number): void {
    this.end();
    const sinceUseMs = this.#context.clock.now() - this.#lastUsedAt;
    // If a connection breaks while a command runs, the network may be the cause. But at the second
    // command of a server that is not known to be good, the server may be the cause.
    const isSuspect = this.#grade === 'tried' && this.#served === 1;
    const isEarly = this.#served < 2 && sinceUseMs <= EARLY_MS && (underWay === 0 || isSuspect);
    if (this.#trying || isEarly) this.#find('died-early');
  }

  /** The connection has ended. */
  end(): void {
    this.#ended = true;
    this.#timer?.cancel();
  }

  #find(finding: Finding): void {
    this.#grade = gradeAfter(this.#grade, finding);
    this.#context.onFinding(finding);
  }

  /** A pause has begun; the next use of the connection ends it. */
  #rest(): void {
    const { clock, slots } = this.#context;
    this.#timer?.cancel();
    this.#timer = clock.after(PAUSE_MS, () => {
      this.#rested = true;
      slots().refill();
      this.#timer = clock.after(KEPT_MS, () => {
        if (slots().ready) this.#find('kept');
      });
    });
  }
}
