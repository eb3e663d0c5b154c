/**
 * The sessions of one connection: those that run, the spares that wait for a command, and those
 * who wait for a spare. It learns how many the server allows; when the connection ends is its
 * owner's business.
 */
import { Fifo } from '../base/fifo.ts';
import type { SshpoolError } from '../base/errors.ts';
import type { Clock, Timer } from '../base/time.ts';
import type { Channels } from '../ssh/channel/channels.ts';
import { Session, type Outcome } from '../ssh/channel/session.ts';
import type { Limits } from './limits.ts';
import { ping } from './ping.ts';
import { runCommand } from './remote-signal.ts';
import { Traffic } from './traffic.ts';
import { tryTwo, type TrialResult } from './trial.ts';

/** Who wants a session that waits for its command. */
export interface Taker {
  onSession(session: Session): void;
  /** The server opens no further session. `alone`: it had none open at all. */
  onRefused(alone: boolean, description: string): void;
  /** It does not answer. Nothing ran: another connection may do, unless `reason` says why not. */
  onUnopened(reason: string | undefined): void;
  /** The command was sent, and the connection is silent. */
  onUnanswered(): void;
  onLost(error: SshpoolError): void;
}

export interface SlotsContext {
  /** Asked for only once the connection is there. */
  readonly channels: () => Channels;
  readonly clock: Clock;
  /** What the server is known to allow. */
  readonly limits: Limits;
  /** Whether one more than those asked for may be kept open. */
  readonly keepsSpare: () => boolean;
  /** The server refused a session and had so many open, spares included. */
  readonly onRefused: (others: number) => void;
  /** The server closed a spare. */
  readonly onSpareClosed: () => void;
  /** A session was asked for, or a command was sent. */
  readonly onAsked: () => void;
  /** A session was closed; `ran` where a caller had it. */
  readonly onFreed: (ran: boolean) => void;
  /** The server has not opened or closed a session for too long. */
  readonly onStuck: () => void;
}

/** How long a server may take to open a session, or to close one that we have closed. */
const DUE_MS = 10_000;

interface Taken {
  readonly taker: Taker;
  readonly traffic: Traffic;
}

export class Slots {
  readonly #context: SlotsContext;
  /** Every session that is not closed, those under way and those of our own included. */
  readonly #all = new Set<Session>();
  readonly #running = new Map<Session, Taken>();
  /** Closed by us and not by the server: each takes a slot, for no caller. */
  readonly #left = new Map<Session, Timer>();
  /** Open and waiting for a command. */
  readonly #spares = new Fifo<Session>();
  /** Each takes a spare as soon as there is one. */
  readonly #takers = new Fifo<Taker>();
  #opening = 0;
  #served = false;
  /** The server closed a spare that nobody used: it wants none, and would close the next too. */
  #spareless: boolean;
  #maxSessions: number;

  constructor(context: SlotsContext) {
    this.#context = context;
    this.#maxSessions = context.limits.maxChannels;
    this.#spareless = context.limits.spareless;
  }

  get running(): readonly Session[] {
    return [...this.#running.keys()];
  }

  /** A bulk transfer is under way. */
  get bulk(): boolean {
    return [...this.#running.values()].some(({ traffic }) => traffic.bulk);
  }

  /** Sessions that a caller has or waits for. */
  get active(): number {
    return this.#running.size + this.#takers.length;
  }

  /** Slots in use or promised. */
  get used(): number {
    return this.active + this.#left.size;
  }

  /** The server has opened a session. */
  get served(): boolean {
    return this.#served;
  }

  /** Those whose command was sent, and not answered. */
  get unanswered(): readonly Session[] {
    return this.running.filter(({ state }) => state === 'starting');
  }

  /** The server has something to answer. */
  get awaited(): boolean {
    return this.#opening > 0 || this.unanswered.length > 0;
  }

  get maxSessions(): number {
    return this.#maxSessions;
  }

  /** Asks the server for any answer. */
  ping(): void {
    // Behind a command that is not answered yet a question would wait as well.
    const running = this.running.find(({ state }) => state === 'running');
    const session = this.#spares.peek() ?? running;
    if (session) void session.ping();
    else ping(this.#context.channels());
  }

  /** Whether the next taker gets a session at once. */
  get ready(): boolean {
    return this.#spares.length > this.#takers.length;
  }

  take(taker: Taker): void {
    this.#takers.push(taker);
    this.#handOut();
  }

  /** Opens what takers wait for and, while more callers may come, one spare, if allowed. */
  refill(): void {
    const spare = this.#context.keepsSpare() && !this.#spareless;
    const wanted = this.#takers.length + (spare ? 1 : 0);
    while (this.#spares.length + this.#opening < wanted && this.#all.size < this.#maxSessions) {
      this.#open();
    }
  }

  /** Those who wait for a session that will not come. */
  dismiss(): Taker[] {
    const takers = [...this.#takers];
    for (const taker of takers) this.#takers.remove(taker);
    return takers;
  }

  /** It is silent: who has sent nothing goes elsewhere, the others are told. */
  fallSilent(): void {
    const unanswered = this.unanswered;
    // A connection that has never worked is waited for: another would not do better.
    if (this.#served) for (const taker of this.dismiss()) taker.onUnopened(undefined);
    for (const session of unanswered) this.#running.get(session)?.taker.onUnanswered();
  }

  /** Runs a command of our own, as it is at the time, in a session beside those of the callers. */
  run(command: () => string | undefined): Promise<Outcome> {
    return runCommand(this.#context.channels(), command, (session) => this.#own(session));
  }

  /** Whether the server takes two sessions of our own, which nothing is to run beside. */
  tryTwo(limitMs: number): Promise<TrialResult> {
    const { clock, channels } = this.#context;
    return tryTwo(channels(), { clock, limitMs }, (session) => this.#own(session));
  }

  /** One of our own takes a slot; the function that is returned frees it. */
  #own(session: Session): () => void {
    this.#all.add(session);
    return () => this.#closed(session);
  }

  #open(): void {
    let opening = true;
    const due = this.#context.clock.after(DUE_MS, () => this.#context.onStuck());
    const opened = (): void => {
      due.cancel();
      if (opening) this.#opening--;
      opening = false;
    };
    this.#opening++;
    const session: Session = new Session(this.#context.channels(), {
      onSpare: () => {
        opened();
        this.#served = true;
        this.#spares.push(session);
        this.#handOut();
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
    this.#context.onAsked();
  }

  #handOut(): void {
    while (this.#takers.length > 0) {
      const session = this.#spares.shift();
      const taker = session && this.#takers.shift();
      if (!session || !taker) break;
      this.#running.set(session, { taker, traffic: new Traffic(this.#context.clock) });
      taker.onSession(session);
    }
    if (this.#takers.length > 0) this.refill();
    // The command of whoever has got one goes first, in the same flight: the server starts it sooner.
    else process.nextTick(() => this.refill());
  }

  #refused(description: string): void {
    const others = this.#all.size;
    const unserved = this.#takers.length > this.#spares.length + this.#opening;
    const taker = unserved ? this.#takers.shift() : undefined;
    if (others > 0) this.#maxSessions = Math.min(this.#maxSessions, others);
    this.#context.onRefused(others);
    taker?.onRefused(others === 0, description);
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
    if (this.#spares.remove(session)) {
      this.#spareless = true;
      this.#context.onSpareClosed();
    }
    this.#context.onFreed(this.#running.delete(session));
  }
}
