/**
 * The connections of one identity (one key): who waits for a session, who is connecting, and the
 * one place where the waiting are matched with the connections.
 */
import { SshpoolError } from '../base/errors.ts';
import { Fifo } from '../base/fifo.ts';
import type { Clock, Timer } from '../base/time.ts';
import type { Link } from '../ssh/link.ts';
import type { Session } from '../ssh/session.ts';
import { Connection, type ConnectionSettings, type Label } from './connection.ts';
import { place, SESSIONS_PER_CONNECTION } from './policy.ts';
import type { Counters } from './stats.ts';

/** What a caller wants: a session to a target, over the pool or over a connection of its own. */
export interface PoolRequest {
  /** Names everything that decides who we are and whom we talk to. */
  readonly key: string;
  readonly label: Label;
  /** Connects and logs in; called for the caller that has to wait for it. */
  readonly connect: (signal: AbortSignal) => Promise<Link>;
  readonly forwardAgent: string | undefined;
}

/** A session that waits for its command, and how it was come by. */
export interface Lease {
  readonly session: Session;
  readonly connection: Connection;
  /** The connection was there before. */
  readonly reused: boolean;
  readonly queueMs: number;
  /** 0 where a connection was reused. */
  readonly connectMs: number;
}

export interface PoolSettings extends ConnectionSettings {
  readonly maxConnections: number;
  readonly queueTimeoutMs: number;
}

export interface GroupContext {
  readonly clock: Clock;
  readonly settings: PoolSettings;
  readonly counters: Counters;
  readonly nextId: () => number;
  /** Nothing is left in it. */
  readonly onEmpty: () => void;
}

interface Waiter {
  readonly request: PoolRequest;
  readonly since: number;
  readonly resolve: (lease: Lease) => void;
  readonly reject: (error: SshpoolError) => void;
  timer: Timer | undefined;
}

interface Attempt {
  readonly leader: Waiter;
  readonly controller: AbortController;
}

export class Group {
  readonly #context: GroupContext;
  readonly #connections = new Set<Connection>();
  readonly #attempts = new Set<Attempt>();
  readonly #waiting = new Fifo<Waiter>();
  /** Their connection is chosen, and a session on it is being opened. */
  readonly #placed = new Set<Waiter>();
  /** Sessions, the spare included, that this server was found to allow at a time. */
  #maxChannels = Infinity;
  #closing = false;

  constructor(context: GroupContext) {
    this.#context = context;
  }

  get connections(): readonly Connection[] {
    return [...this.#connections];
  }

  get queued(): number {
    return this.#waiting.length;
  }

  /**
   * A session on a connection that is there, or will be.
   * @throws SshpoolError POOL_EXHAUSTED, SESSION_REFUSED, CANCELLED, or why connecting failed
   */
  acquire(request: PoolRequest, signal: AbortSignal): Promise<Lease> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(SshpoolError.of('CANCELLED', {}));
        this.#checkEmpty();
        return;
      }
      const since = this.#context.clock.monotonic();
      const waiter: Waiter = { request, since, resolve, reject, timer: undefined };
      signal.addEventListener('abort', () => this.#leave(waiter, SshpoolError.of('CANCELLED', {})));
      this.#enqueue(waiter);
      this.#pump();
    });
  }

  /** Ends all connections, those under way too; without `force` running sessions end first. */
  close(force: SshpoolError | undefined): void {
    this.#closing = true;
    for (const connection of this.#connections) connection.drain(force);
    if (force === undefined) return;
    for (const { controller } of this.#attempts) controller.abort();
    for (const waiter of [...this.#waiting, ...this.#placed]) this.#leave(waiter, force);
  }

  #enqueue(waiter: Waiter): void {
    this.#waiting.push(waiter);
    this.#limit(waiter);
  }

  /** Nobody waits longer than the queue's deadline for room; a connect has its own deadline. */
  #limit(waiter: Waiter): void {
    const { clock, settings } = this.#context;
    waiter.timer = clock.after(settings.queueTimeoutMs, () => {
      if (this.#attempts.size > 0) {
        this.#limit(waiter);
        return;
      }
      const { name, port } = waiter.request.label;
      const max = settings.maxConnections;
      this.#leave(waiter, SshpoolError.of('POOL_EXHAUSTED', { name, port, max }));
    });
  }

  #leave(waiter: Waiter, error: SshpoolError): void {
    waiter.timer?.cancel();
    if (!this.#waiting.remove(waiter) && !this.#placed.delete(waiter)) return;
    waiter.reject(error);
    // A connect goes on for the others, but only with somebody who can answer its questions.
    for (const attempt of this.#attempts) {
      if (attempt.leader === waiter) attempt.controller.abort();
    }
    this.#checkEmpty();
  }

  /** Matches the waiting with the connections, in order, until nothing more can be done now. */
  #pump(): void {
    for (let first = this.#waiting.peek(); first; first = this.#waiting.peek()) {
      const placement = place(
        [...this.#connections].filter(({ life }) => life === 'open').map(view),
        {
          waiting: this.#waiting.length,
          connecting: this.#attempts.size,
          max: this.#context.settings.maxConnections - this.#leaving(),
          capOfNew: Math.min(SESSIONS_PER_CONNECTION, this.#maxChannels),
        },
      );
      if (placement.kind === 'use') this.#give(this.#dequeue(first), placement.connection.of);
      else if (placement.kind === 'probe') placement.connection.of.probe();
      else if (placement.kind === 'connect') this.#connect(this.#nextLeader(first));
      else return;
    }
    // The last of those who waited has its session; nobody else will come.
    if (this.#closing) for (const connection of this.#connections) connection.drain(undefined);
  }

  /** Those that drain still count: the limit is on connections, not on useful ones. */
  #leaving(): number {
    return [...this.#connections].filter(({ life }) => life !== 'open').length;
  }

  #dequeue(waiter: Waiter): Waiter {
    waiter.timer?.cancel();
    this.#waiting.remove(waiter);
    return waiter;
  }

  /** The first who waits and does not connect yet. */
  #nextLeader(first: Waiter): Waiter {
    const leading = new Set([...this.#attempts].map(({ leader }) => leader));
    for (const waiter of this.#waiting) if (!leading.has(waiter)) return waiter;
    return first;
  }

  #give(waiter: Waiter, connection: Connection): void {
    const { clock, counters } = this.#context;
    const reused = connection.uses > 0;
    const waitedFor = (): number => clock.monotonic() - waiter.since;
    const retry = (): void => {
      // Nothing ran: it may try again, at the end of the line, with a new deadline.
      this.#enqueue(waiter);
      this.#pump();
    };
    this.#placed.add(waiter);
    connection.take({
      onSession: (session) => {
        if (!this.#placed.delete(waiter)) {
          session.close();
          return;
        }
        if (reused) counters.poolHits++;
        else counters.poolMisses++;
        const connectMs = reused ? 0 : connection.connectMs;
        const queueMs = Math.max(0, waitedFor() - connectMs);
        waiter.resolve({ session, connection, reused, queueMs, connectMs });
      },
      onRefused: (alone, description) => {
        if (!this.#placed.delete(waiter)) return;
        // A server that allows one session and no second one later still serves: by a new login.
        if (!alone || reused) return retry();
        const { name: host } = waiter.request.label;
        waiter.reject(SshpoolError.of('SESSION_REFUSED', { host, reason: description }));
        this.#checkEmpty();
      },
      onLost: (error) => {
        if (!this.#placed.delete(waiter)) return;
        // A connection that has never worked would not work the next time either.
        if (reused) return retry();
        waiter.reject(error);
        this.#checkEmpty();
      },
    });
  }

  #connect(leader: Waiter): void {
    const attempt: Attempt = { leader, controller: new AbortController() };
    this.#attempts.add(attempt);
    const { clock } = this.#context;
    const startedAt = clock.monotonic();
    leader.request.connect(attempt.controller.signal).then(
      (link) => {
        this.#attempts.delete(attempt);
        this.#connected(link, leader.request, clock.monotonic() - startedAt);
      },
      (thrown: unknown) => {
        this.#attempts.delete(attempt);
        this.#connectFailed(attempt, SshpoolError.from(thrown));
      },
    );
  }

  #connected(link: Link, request: PoolRequest, connectMs: number): void {
    const { clock, settings, counters, nextId } = this.#context;
    counters.connect.add(connectMs);
    // A link that was lost at once closes before the constructor returns.
    let made: Connection | undefined;
    const connection = new Connection(link, {
      id: nextId(),
      label: request.label,
      clock,
      settings,
      counters,
      forwardAgent: request.forwardAgent,
      maxChannels: this.#maxChannels,
      connectMs,
      events: {
        onRoom: () => this.#pump(),
        onLimit: (maxChannels) => (this.#maxChannels = maxChannels),
        onClosed: () => this.#removed(made),
      },
    });
    made = connection;
    if (connection.life !== 'closed') this.#connections.add(connection);
    this.#pump();
  }

  #removed(connection: Connection | undefined): void {
    if (connection) this.#connections.delete(connection);
    this.#pump();
    this.#checkEmpty();
  }

  /** All who wait for this connect share its failure; others have their connections. */
  #connectFailed(attempt: Attempt, error: SshpoolError): void {
    if (attempt.controller.signal.aborted) this.#pump();
    else if (this.#attempts.size === 0 && this.#connections.size === this.#leaving()) {
      for (const waiter of [...this.#waiting]) this.#leave(waiter, error);
    }
    this.#checkEmpty();
  }

  #checkEmpty(): void {
    const busy =
      this.#connections.size + this.#attempts.size + this.#waiting.length + this.#placed.size;
    if (busy === 0) this.#context.onEmpty();
  }
}

interface View {
  readonly of: Connection;
  readonly running: number;
  readonly cap: number;
  readonly proof: Connection['proof'];
  readonly spare: boolean;
}

function view(connection: Connection): View {
  const { running, cap, proof, spare } = connection;
  return { of: connection, running, cap, proof, spare };
}
