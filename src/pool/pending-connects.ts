/**
 * The connects under way in one group. Each is led by one of those who wait: it may ask that one
 * questions, and is given up when that one leaves. What comes of it is for all of them, but what a
 * person has to do with it: others do not wait for somebody's answer for ever, nor for the failure
 * that may come of it, since they may have somebody else to ask.
 */
import { SshpoolError } from '../base/errors.ts';
import type { Clock } from '../base/time.ts';
import type { Link } from '../ssh/link/link.ts';
import { SETTLE_MS } from '../ssh/login/penalties.ts';
import type { Handshakes } from './handshakes.ts';
import type { Purpose } from './policy.ts';

/** Around each question to the person at the leader. */
export type Asking = <T>(wait: () => Promise<T>) => Promise<T>;

/** How to connect. */
export interface Connector {
  /** Whom the first handshake is with, HOST:PORT: the server itself, or the first jump. */
  readonly server: string;
  /** A login at its server failed not long ago, for whomever. */
  readonly hasFailed: () => boolean;
  /** Connects and logs in; called for the caller that has to wait for it. */
  readonly connect: (signal: AbortSignal, purpose: Purpose, asking: Asking) => Promise<Link>;
}

/** How long a connect took, in milliseconds. */
export interface ConnectTimes {
  readonly connectMs: number;
  /** What a person took for an answer is not of it: it says nothing of the way or of the server. */
  readonly askedMs: number;
}

interface Leader {
  readonly request: Connector;
}

export interface PendingConnectsContext<L extends Leader> {
  readonly clock: Clock;
  readonly handshakes: Handshakes;
  /** So long the others wait for the leader's person, in milliseconds. */
  readonly patienceMs: number;
  readonly onConnected: (link: Link, leader: L, took: ConnectTimes) => void;
  readonly onFailed: (failure: ConnectFailure<L>) => void;
  /** A question to this leader's person was put, or is over: see isAsking. */
  readonly onAsking: (leader: L) => void;
  /** One takes so long that whoever has a choice should not wait for it. */
  readonly onSlow: () => void;
}

export interface ConnectFailure<L> {
  /** Undefined where it was given up with its leader. */
  readonly error: SshpoolError | undefined;
  readonly leader: L;
  readonly purpose: Purpose;
  /** The leader's person was asked something. */
  readonly asked: boolean;
}

/** A handshake takes about eight round trips; this is the longest that is worth waiting for. */
const SLOW_MS = 2000;

interface PendingConnect<L> {
  readonly leader: L;
  readonly controller: AbortController;
  slow: boolean;
  asked: boolean;
  /** A question is open. */
  asking: boolean;
  /** It is for so long that the others' patience is at its end. */
  stalled: boolean;
  /** All its questions together, in milliseconds. */
  askedMs: number;
}

export class PendingConnects<L extends Leader> {
  readonly #context: PendingConnectsContext<L>;
  readonly #all = new Set<PendingConnect<L>>();
  /** By the monotonic clock. */
  #settlesUntil = -Infinity;

  constructor(context: PendingConnectsContext<L>) {
    this.#context = context;
  }

  get size(): number {
    return this.#all.size;
  }

  /** How many wait for a person, for longer than the others wait with them. */
  get stalled(): number {
    return [...this.#all].filter(({ stalled }) => stalled).length;
  }

  /** None is made only for speed now: one takes long, or one failed not long ago, at this server or here. */
  settles({ hasFailed }: Connector): boolean {
    const isSlow = [...this.#all].some(({ slow }) => slow);
    return isSlow || this.#context.clock.monotonic() < this.#settlesUntil || hasFailed();
  }

  /** What failed here is not tried for speed for a while, whatever the reason. */
  settle(): void {
    this.#settlesUntil = this.#context.clock.monotonic() + SETTLE_MS;
  }

  isLedBy(leader: L): boolean {
    return [...this.#all].some((attempt) => attempt.leader === leader);
  }

  /** Its person is asked something: until that is over, no other connection will do for it. */
  isAsking(leader: L): boolean {
    return [...this.#all].some((attempt) => attempt.leader === leader && attempt.asking);
  }

  begin(leader: L, purpose: Purpose): void {
    const { clock, handshakes, onConnected, onFailed, onSlow } = this.#context;
    const controller = new AbortController();
    const { signal } = controller;
    const person = { asked: false, asking: false, stalled: false, askedMs: 0 };
    const attempt: PendingConnect<L> = { leader, controller, slow: false, ...person };
    this.#all.add(attempt);
    const slow = clock.after(SLOW_MS, () => {
      attempt.slow = true;
      onSlow();
    });
    const ended = (): void => {
      slow.cancel();
      this.#all.delete(attempt);
    };
    const { server, connect } = leader.request;
    // The time in line for the handshake is not the time that it takes.
    let startedAt = clock.monotonic();
    const shake = (leave: () => void): Promise<Link> => {
      startedAt = clock.monotonic();
      return connect(signal, purpose, (wait) => {
        leave();
        return this.#ask(attempt, wait);
      });
    };
    handshakes.run(server, signal, shake).then(
      (link) => {
        ended();
        const { askedMs } = attempt;
        const connectMs = Math.max(0, clock.monotonic() - startedAt - askedMs);
        onConnected(link, leader, { connectMs, askedMs });
      },
      (thrown: unknown) => {
        ended();
        const error = signal.aborted ? undefined : SshpoolError.from(thrown);
        onFailed({ error, leader, purpose, asked: attempt.asked });
      },
    );
  }

  async #ask<T>(attempt: PendingConnect<L>, wait: () => Promise<T>): Promise<T> {
    const { clock, patienceMs, onSlow, onAsking } = this.#context;
    attempt.asked = true;
    attempt.asking = true;
    onAsking(attempt.leader);
    const askedAt = clock.monotonic();
    const patience = clock.after(patienceMs, () => {
      attempt.stalled = true;
      onSlow();
    });
    try {
      return await wait();
    } finally {
      patience.cancel();
      attempt.askedMs += clock.monotonic() - askedAt;
      attempt.stalled = false;
      attempt.asking = false;
      onAsking(attempt.leader);
    }
  }

  /** Ends the one that is led by this leader, if any: nobody else can answer its questions. */
  abort(leader: L): void {
    for (const attempt of this.#all) if (attempt.leader === leader) attempt.controller.abort();
  }

  abortAll(): void {
    for (const { controller } of this.#all) controller.abort();
  }
}
