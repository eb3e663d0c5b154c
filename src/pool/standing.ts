/**
 * How much of one connection its server can be trusted with: one session at a time until it was tried,
 * and what its end says of the server. Which server takes what is in `grade`.
 */
import type { Clock, Timer } from '../base/time.ts';
import { firstFinding, gradeAfter, type Finding, type Grade } from './grade.ts';
import type { Limits } from './limits.ts';
import { SESSIONS_PER_CONNECTION } from './policy.ts';
import type { Slots } from './slots.ts';
import { trialMs, type TrialResult } from './trial.ts';

/**
 * How long nothing is under way before a server has to keep a spare. One that ends the connection for
 * it does so in a pause, and not as the next call of a row takes that spare.
 */
const PAUSE_MS = 2000;
/** How long a server keeps a spare that is said to keep spares. */
const KEPT_MS = 10_000;
/** What ends later ended for want of use. */
const EARLY_MS = PAUSE_MS + KEPT_MS;

export interface StandingContext {
  /** What was known of the server when the connection was made. */
  readonly limits: Pick<Limits, 'grade'>;
  /** As the server names it. */
  readonly serverVersion: string;
  readonly clock: Clock;
  /** The time that it took to connect. */
  readonly connectMs: number;
  readonly slots: () => Pick<Slots, 'tryTwo' | 'refill' | 'ready'>;
  readonly onFinding: (finding: Finding) => void;
  /** The trial is over: there is room. */
  readonly onTried: (verdict: TrialResult) => void;
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
  /** It was not used for a while. */
  #rested = false;
  #ended = false;
  #timer: Timer | undefined;

  constructor(context: StandingContext) {
    this.#context = context;
    this.#grade = context.limits.grade;
    this.#lastUsedAt = context.clock.now();
    const first = firstFinding(context.serverVersion);
    if (gradeAfter(this.#grade, first) !== this.#grade) this.#find(first);
  }

  /** The trial is under way: whatever is begun now may be lost with the connection. */
  get trying(): boolean {
    return this.#trying;
  }

  /** It is to be tried before it takes what stays. */
  get untried(): boolean {
    return this.#grade === 'untried';
  }

  /** Sessions and tunnels may run beside each other. */
  get shares(): boolean {
    return this.#grade === 'proven' || this.#grade === 'tried';
  }

  /** Milliseconds since the epoch; when it was made where it was not used. */
  get lastUsedAt(): number {
    return this.#lastUsedAt;
  }

  /** Times that it was used. */
  get uses(): number {
    return this.#uses;
  }

  /** Sessions that may run at a time. */
  get cap(): number {
    if (this.shares) return SESSIONS_PER_CONNECTION;
    return this.#grade === 'single' && this.#uses > 0 ? 0 : 1;
  }

  /** Whether a session may be opened ahead while so many are under way. */
  allowsSpare(active: number): boolean {
    return this.#grade === 'proven' || (this.#grade === 'tried' && active === 0 && this.#rested);
  }

  /** Nothing is under way any more. True where the connection is of no further use. */
  idle(): boolean {
    if (this.#grade === 'single') return this.#uses > 0;
    if (this.untried && this.#uses > 0) this.try();
    else if (this.#grade === 'tried') this.#rest();
    return false;
  }

  /** Begins the trial: onTried follows, or the end of the connection. */
  try(): void {
    if (this.#trying) return;
    this.#trying = true;
    const { connectMs, slots, onTried } = this.#context;
    void slots()
      .tryTwo(trialMs(connectMs))
      .then((verdict) => {
        this.#trying = false;
        if (this.#ended) return;
        // Refused is as good: there is a limit, and it keeps to it.
        this.#find(verdict === 'silent' ? 'died-early' : 'took-two');
        onTried(verdict);
      });
  }

  /** It is used. */
  used(): void {
    this.#uses++;
    this.#rested = false;
    this.#timer?.cancel();
    this.touch();
  }

  /** Something that used it goes on, or has ended. */
  touch(): void {
    this.#lastUsedAt = this.#context.clock.now();
  }

  /** A session has ended that had a command. */
  served(): void {
    this.touch();
    this.#served++;
    if (this.#served === 2) this.#find('used-again');
  }

  /** The server has ended the connection, and we had not taken leave; so much was under way. */
  died(underWay: number): void {
    this.end();
    const sinceUseMs = this.#context.clock.now() - this.#lastUsedAt;
    // Of a network that is torn while a command runs nobody can tell; but at a second command, of a
    // server that is not known to be good, it may be that one.
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

  /** A pause has begun; what is used in it ends it. */
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
