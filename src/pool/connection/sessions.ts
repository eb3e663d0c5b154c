/** The sessions of one connection: running ones, its spares, and callers that wait for one. */
import { Fifo } from '../../base/fifo.ts';
import type { SshpoolError } from '../../base/errors.ts';
import type { Trace } from '../../base/moves.ts';
import type { Clock, Timer } from '../../base/time.ts';
import type { Channels } from '../../ssh/channel/channels.ts';
import { Session, type Outcome } from '../../ssh/channel/session.ts';
import type { Limits } from './limits.ts';
import { ping } from './ping.ts';
import { runCommand } from './kill-command.ts';
import { Spares } from './spares.ts';
import { Traffic } from './traffic.ts';
import { tryTwo, type TrialResult } from './trial.ts';

export interface Taker {
  /** Follows if `take` returned none. */
  onSession(session: Session): void;
  /** `served`: the connection has opened a session, so a new connection may open one, too. */
  onRefused(served: boolean, description: string): void;
  /** Nothing ran: another connection is tried, unless `reason` says why not. */
  onUnopened(reason: string | undefined): void;
  onUnanswered(): void;
  /** `served`: as for onRefused. */
  onLost(served: boolean, error: SshpoolError): void;
}

export interface SessionsContext {
  /** Called only once the connection is constructed. */
  readonly channels: () => Channels;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly keepsSpare: () => boolean;
  /** `others`: sessions that were open, spares included. */
  readonly onRefused: (others: number) => void;
  readonly onSpareClosed: () => void;
  readonly onAsked: () => void;
  /** `ran`: a caller had it. */
  readonly onFreed: (ran: boolean) => void;
  /** The server has not opened or closed a session for too long. */
  readonly onStuck: () => void;
  readonly trace: Trace | undefined;
}

/** How long a server may take to open a session, or to close one that the pool has closed. */
const DUE_MS = 10_000;

interface Taken {
  readonly taker: Taker;
  readonly traffic: Traffic;
}

export class Sessions {
  readonly #context: SessionsContext;
  /** Every session that is not closed, those being opened and the pool's own included. */
  readonly #all = new Set<Session>();
  readonly #running = new Map<Session, Taken>();
  /** Closed by the pool but not by the server: each takes a slot, for no caller. */
  readonly #left = new Map<Session, Timer>();
  readonly #spares: Spares;
  readonly #takers = new Fifo<Taker>();
  #lastId = 0;
  #served = false;
  #maxSessions: number;

  constructor(context: SessionsContext) {
    this.#context = context;
    this.#maxSessions = context.limits.maxChannels;
    this.#spares = new Spares({
      isKept: context.keepsSpare,
      isClosedUnused: context.limits.spareless,
      waiting: () => this.#takers.length,
      hasSlot: () => this.#all.size < this.#maxSessions,
      open: () => this.#open(),
    });
  }

  get running(): readonly Session[] {
    return [...this.#running.keys()];
  }

  get bulk(): boolean {
    return [...this.#running.values()].some(({ traffic }) => traffic.bulk);
  }

  get active(): number {
    return this.#running.size + this.#takers.length;
  }

  get used(): number {
    return this.active + this.#left.size;
  }

  get served(): boolean {
    return this.#served;
  }

  get unanswered(): readonly Session[] {
    return this.running.filter(({ state }) => state === 'starting');
  }

  get awaited(): boolean {
    return this.#spares.isOpening || this.unanswered.length > 0;
  }

  get maxSessions(): number {
    return this.#maxSessions;
  }

  ping(): void {
    // A ping behind an unanswered command would wait as well.
    const running = this.running.find(({ state }) => state === 'running');
    const session = this.#spares.peek() ?? running;
    if (session) void session.ping();
    else ping(this.#context.channels());
  }

  get ready(): boolean {
    return this.#spares.ready > this.#takers.length;
  }

  take(taker: Taker): Session | undefined {
    const spare = this.#spares.take();
    if (spare) {
      this.#give(spare, taker);
      return spare;
    }
    this.#takers.push(taker);
    this.refill();
    return undefined;
  }

  refill(): void {
    this.#spares.refill();
  }

  /** Removes and returns the takers: no session will come for them. */
  dismiss(): Taker[] {
    const takers = [...this.#takers];
    for (const taker of takers) this.#takers.remove(taker);
    return takers;
  }

  /** The connection is silent: takers that have sent nothing go elsewhere, the others are told. */
  fallSilent(): void {
    const unanswered = this.unanswered;
    // A connection that has never worked is waited for: another one would not work better.
    if (this.#served) for (const taker of this.dismiss()) taker.onUnopened(undefined);
    for (const session of unanswered) this.#running.get(session)?.taker.onUnanswered();
  }

  /** `command` is called when the session is open. */
  run(command: () => string | undefined): Promise<Outcome> {
    return runCommand(this.#context.channels(), command, (session) => this.#own(session));
  }

  /** Only while nothing runs. */
  tryTwo(limitMs: number): Promise<TrialResult> {
    const { clock, channels } = this.#context;
    const onOpened = (): unknown => (this.#served = true);
    return tryTwo(channels(), { clock, limitMs, onOpened }, (session) => this.#own(session));
  }

  /** Counts a session of the pool itself as a slot; the returned function frees the slot. */
  #own(session: Session): () => void {
    this.#all.add(session);
    return () => this.#closed(session);
  }

  #open(): void {
    const due = this.#context.clock.after(DUE_MS, () => this.#context.onStuck());
    const isOpened = this.#spares.opening();
    const opened = (): void => {
      due.cancel();
      isOpened();
    };
    const { trace } = this.#context;
    const what = `session ${++this.#lastId}`;
    const session: Session = new Session(this.#context.channels(), {
      ...(trace && { onMove: (...move) => trace(what, ...move) }),
      onSpare: () => {
        opened();
        this.#served = true;
        this.#handOut(session);
      },
      onRefused: (_reason, description) => {
        opened();
        this.#all.delete(session);
        this.#refused(description);
      },
      onAsked: () => this.#context.onAsked(),
      onMoved: (bytes) => this.#running.get(session)?.traffic.add(bytes),
      onLeft: () => this.#leave(session),
      onClosed: () => {
        opened();
        this.#closed(session);
      },
    });
    this.#all.add(session);
    session.open();
    this.#context.onAsked();
  }

  #handOut(session: Session): void {
    const taker = this.#takers.shift();
    if (taker === undefined) {
      this.#spares.add(session);
      return;
    }
    this.#give(session, taker);
    taker.onSession(session);
  }

  #give(session: Session, taker: Taker): void {
    this.#running.set(session, { taker, traffic: new Traffic(this.#context.clock) });
    // The taker's command goes first, in the same flight: the server starts it sooner.
    process.nextTick(() => this.refill());
  }

  #refused(description: string): void {
    const others = this.#all.size;
    const unserved = this.#takers.length > this.#spares.coming;
    const taker = unserved ? this.#takers.shift() : undefined;
    if (others > 0) this.#maxSessions = Math.min(this.#maxSessions, others);
    this.#context.onRefused(others);
    taker?.onRefused(others > 0 || this.#served, description);
  }

  #leave(session: Session): void {
    const ran = this.#running.delete(session);
    this.#left.set(
      session,
      this.#context.clock.after(DUE_MS, () => this.#context.onStuck()),
    );
    this.#context.onFreed(ran);
  }

  #closed(session: Session): void {
    this.#all.delete(session);
    this.#left.get(session)?.cancel();
    this.#left.delete(session);
    if (this.#spares.removeClosed(session)) this.#context.onSpareClosed();
    this.#context.onFreed(this.#running.delete(session));
  }
}
