/**
 * The connections of one identity (one key): the waiting callers, the connects under way, and the one
 * place where waiting callers are matched with connections.
 */
import { SshpoolError } from '../base/errors.ts';
import { Fifo } from '../base/fifo.ts';
import type { Link } from '../ssh/link/link.ts';
import type { Tunnel } from '../ssh/channel/tunnel.ts';
import { PendingConnects, type ConnectFailure, type ConnectTimes } from './pending-connects.ts';
import { Connection } from './connection.ts';
import type { ConnectionEvents } from './connection-context.ts';
import { capOfNew, connectionContext, type GroupContext } from './group-context.ts';
import { place, type Placement } from './policy.ts';
import type { PoolRequest } from './request.ts';
import { leaderFor, noRoom, sharing, type Waiter } from './waiter.ts';
import { wantSession, wantTunnel, type Lease, type Wanted, type TunnelRequest } from './wanted.ts';

export class Group {
  readonly #context: GroupContext;
  readonly #connections = new Set<Connection>();
  readonly #connects: PendingConnects<Waiter>;
  readonly #waiting = new Fifo<Waiter>();
  /** Callers whose user is prompted: what the user types must not become input of a command. */
  readonly #asking = new Set<Waiter>();
  /** Callers whose connection is chosen, while a session on it is being opened. */
  readonly #placed = new Set<Waiter>();
  /** Why the last connect failed, unless one has succeeded since. */
  #failure: SshpoolError | undefined;
  #closing = false;

  constructor(context: GroupContext) {
    this.#context = context;
    this.#connects = new PendingConnects({
      clock: context.clock,
      handshakes: context.handshakes,
      patienceMs: context.settings.queueTimeoutMs,
      onConnected: (link, leader, took) => this.#connected(link, leader, took),
      onFailed: (failure) => this.#connectFailed(failure),
      onAsking: (waiter) => this.#asked(waiter),
      onSlow: () => this.#pump(),
    });
  }

  get connections(): readonly Connection[] {
    return [...this.#connections];
  }

  get queued(): number {
    return this.#waiting.length + this.#asking.size;
  }

  /** Callers wait, and no connect or probe is under way that could serve them. */
  get isCrowded(): boolean {
    const isProbing = this.#open.some(({ proof }) => proof === 'probing');
    return this.#waiting.length > 0 && this.#coming === 0 && !isProbing;
  }

  /**
   * Resolves to a session on an existing or a new connection.
   * @throws SshpoolError POOL_EXHAUSTED, SESSION_REFUSED, CANCELLED, or why connecting failed
   */
  acquire(request: PoolRequest, signal: AbortSignal): Promise<Lease> {
    return new Promise((resolve, reject) => {
      this.#admit(request, wantSession(this.#context.clock, resolve), reject, signal);
    });
  }

  /**
   * Resolves to a stream to a machine behind the server, on an existing or a new connection.
   * @throws SshpoolError as acquire; TUNNEL_REFUSED, CONNECT_TIMEOUT
   */
  tunnel(request: PoolRequest, way: TunnelRequest, signal: AbortSignal): Promise<Tunnel> {
    return new Promise((resolve, reject) => {
      this.#admit(request, wantTunnel(this.#context.clock, way, resolve), reject, signal);
    });
  }

  #admit(
    request: PoolRequest,
    wanted: Wanted,
    reject: (error: SshpoolError) => void,
    signal: AbortSignal,
  ): void {
    if (signal.aborted) {
      reject(SshpoolError.of('CANCELLED', {}));
      return this.#checkEmpty();
    }
    for (const connection of this.#connections) connection.review(request.trust);
    const waiter: Waiter = { request, wanted, reject, timer: undefined };
    this.#enqueue(waiter);
    // Most callers have their session by now, and need neither an abort listener nor a deadline.
    if (!this.#waiting.has(waiter) && !this.#placed.has(waiter)) return;
    signal.addEventListener('abort', () => this.#leave(waiter, SshpoolError.of('CANCELLED', {})));
  }

  /** Closes all connections, also those being made; without `force` running sessions end first. */
  close(force: SshpoolError | undefined): void {
    this.#closing = true;
    if (force) {
      this.#connects.abortAll();
      // Before the connections close: a caller placed on one must not be moved to the next.
      const all = [...this.#waiting, ...this.#asking, ...this.#placed];
      for (const waiter of all) this.#leave(waiter, force);
    }
    for (const connection of this.#connections) connection.drain(force);
  }

  #enqueue(waiter: Waiter): void {
    this.#waiting.push(waiter);
    this.#pump();
    if (!this.#waiting.has(waiter)) return;
    this.#limit(waiter);
    this.#context.onEvent?.({ type: 'queue', label: waiter.request.label, queued: this.queued });
  }

  /** No caller waits longer than the queue timeout for room; a connect has its own deadline. */
  #limit(waiter: Waiter): void {
    const { clock, settings } = this.#context;
    waiter.timer = clock.after(settings.queueTimeoutMs, () => {
      if (this.#coming > 0) {
        this.#limit(waiter);
        return;
      }
      const isFull = this.#connections.size + this.#connects.size >= settings.maxConnections;
      this.#leave(waiter, (isFull ? undefined : this.#failure) ?? noRoom(waiter, settings));
    });
  }

  #leave(waiter: Waiter, error: SshpoolError): void {
    waiter.timer?.cancel();
    const isHere =
      this.#waiting.remove(waiter) || this.#placed.delete(waiter) || this.#asking.delete(waiter);
    if (!isHere) return;
    waiter.reject(error);
    this.#connects.abort(waiter);
    this.#checkEmpty();
  }

  /** Matches waiting callers with connections, in order, until nothing more can be done now. */
  #pump(mayConnect = true): void {
    for (let first = this.#waiting.peek(); first; first = this.#waiting.peek()) {
      const placement = this.#place(first);
      if (placement.kind === 'use') this.#give(this.#dequeue(first), placement.connection);
      else if (placement.kind === 'probe') placement.connection.probe();
      else if (placement.kind === 'connect' && mayConnect) {
        // The first caller that does not lead a connect yet.
        const next = [...this.#waiting].find((waiter) => !this.#connects.isLedBy(waiter));
        this.#connects.begin(next ?? first, placement.purpose);
      } else return;
    }
    // The last waiting caller has its session; a closing group gets no new callers.
    if (this.#closing) for (const connection of this.#connections) connection.drain(undefined);
  }

  #place({ wanted, request }: Waiter): Placement<Connection> {
    const { limits } = this.#context;
    const open = this.#open;
    // Draining connections still count: the limit is on connections, not on usable ones.
    const leaving = this.#connections.size - open.length;
    return place(open, {
      wantsSession: wanted.isSession,
      waiting: this.#waiting.length,
      connecting: this.#coming,
      max: this.#max - leaving - this.#connects.stalled,
      capOfNew: capOfNew(limits.known()),
      settles: this.#connects.settles(request),
    });
  }

  /** One more may be made while one is silent, so that a single silent one does not block all callers. */
  get #max(): number {
    const hasSilent = this.#open.some(({ proof }) => proof === 'silent');
    return this.#context.settings.maxConnections + (hasSilent ? 1 : 0);
  }

  get #open(): Connection[] {
    return [...this.#connections].filter(({ life }) => life === 'open');
  }

  /** Connects under way, without those that have waited too long for a user's answer. */
  get #coming(): number {
    return this.#connects.size - this.#connects.stalled;
  }

  #dequeue(waiter: Waiter): Waiter {
    waiter.timer?.cancel();
    this.#waiting.remove(waiter);
    return waiter;
  }

  #give(waiter: Waiter, connection: Connection): void {
    const { counters } = this.#context;
    const reused = connection.uses > 0;
    const isThere = (): boolean => this.#placed.delete(waiter);
    this.#placed.add(waiter);
    waiter.wanted.takeFrom(connection, {
      reused,
      taken: () => {
        if (!isThere()) return false;
        if (reused) counters.poolHits++;
        else counters.poolMisses++;
        if (reused) this.#context.onEvent?.({ type: 'reuse', connection: connection.row() });
        return true;
      },
      // At the end of the queue, with a new deadline.
      retry: () => {
        if (isThere()) this.#enqueue(waiter);
      },
      fail: (error) => {
        if (!isThere()) return;
        waiter.reject(error);
        this.#checkEmpty();
      },
      doubt: () => this.#reachElsewhere(connection, waiter),
    });
  }

  #connected(link: Link, leader: Waiter, { connectMs, askedMs }: ConnectTimes): void {
    const { request } = leader;
    const { counters, limits, onEvent } = this.#context;
    counters.connect.add(connectMs);
    this.#failure = undefined;
    // If the link is already lost, onClosed is called before the constructor returns.
    let made: Connection | undefined;
    const events: ConnectionEvents = {
      onRoom: () => this.#pump(),
      onLimit: (found) => limits.learn(found),
      onReached: () => this.#reached(made, 0),
      onRefused: () => {
        if (made) onEvent?.({ type: 'refuse', connection: made.row() });
      },
      onClosed: () => this.#removed(made),
    };
    const facts = connectionContext(this.#context, request, { connectMs, askedMs }, events);
    const connection = new Connection(link, facts);
    made = connection;
    onEvent?.({ type: 'connect', connection: connection.row(), connectMs });
    if (connection.life !== 'closed') this.#connections.add(connection);
    this.#reached(connection, connectMs);
    // The identity changed during the connect: as with ssh, only the leader uses this connection.
    if (!request.isShareable(link)) {
      const isWanted = this.#waiting.has(leader) && connection.life === 'open';
      if (isWanted) this.#give(this.#dequeue(leader), connection);
      connection.drain(undefined);
    }
    this.#pump();
  }

  /**
   * A command was sent and the connection is silent. Another connection shows whether the network is down
   * or only this connection; it also serves the waiting callers.
   */
  #reachElsewhere(silent: Connection, waiter: Waiter): void {
    const others = this.#open.filter(({ proof }) => proof !== 'silent');
    for (const connection of others) connection.probe();
    const isFull = this.#connections.size + this.#connects.size >= this.#max;
    // A draining connection may be the only one that its caller wanted (--fresh).
    if (others.length + this.#coming > 0 || isFull || silent.life !== 'open') return;
    if (this.#connects.settles(waiter.request)) return;
    // No waiting caller leads this connect: like every connect for speed, it does not prompt.
    this.#connects.begin(leaderFor(waiter), 'speed');
  }

  /** The server was reached by another connection: a new one, made within `tookMs`, or an existing one. */
  #reached(by: Connection | undefined, tookMs: number): void {
    for (const one of this.#connections) if (one !== by) one.pulse.reachedElsewhere(tookMs);
  }

  #removed(connection: Connection | undefined): void {
    if (connection) {
      this.#connections.delete(connection);
      const reason = connection.evicted ?? 'lost';
      this.#context.onEvent?.({ type: 'evict', connection: connection.row(), reason });
    }
    this.#pump();
    this.#checkEmpty();
  }

  /** While a prompt is open, its caller leaves the queue and gets no other connection. */
  #asked(waiter: Waiter): void {
    if (!this.#connects.isAsking(waiter)) {
      if (this.#asking.delete(waiter)) this.#enqueue(waiter);
    } else if (this.#waiting.has(waiter)) this.#asking.add(this.#dequeue(waiter));
  }

  /**
   * A failed connect fails all callers that wait for it; if other connections answer, they wait for
   * those. It is not repeated at once, but after a connect for speed one for room may be needed.
   */
  #connectFailed({ error, leader, purpose, asked }: ConnectFailure<Waiter>): void {
    if (error) {
      this.#failure = error;
      this.#context.onEvent?.({ type: 'error', label: leader.request.label, error });
    }
    const hasConnections = this.#open.some(({ proof }) => proof !== 'silent');
    // The cause may be a missing answer, which the user of another caller may give.
    const isPersonal = asked || leader.request.batchMode;
    if (error === undefined) this.#pump();
    else if (purpose === 'room' && !hasConnections && (isPersonal || this.#coming === 0)) {
      // A caller that leads a connect of its own waits for that.
      const others = [...this.#waiting].filter((one) => !this.#connects.isLedBy(one));
      for (const waiter of sharing(leader, others, isPersonal)) this.#leave(waiter, error);
      this.#pump();
    } else {
      this.#connects.settle();
      this.#pump(purpose === 'speed');
    }
    // The leader's prompt is still open, but the connect that it belongs to has failed.
    if (error && this.#asking.has(leader)) this.#leave(leader, error);
    this.#checkEmpty();
  }

  #checkEmpty(): void {
    const busy = this.#connections.size + this.#connects.size + this.queued + this.#placed.size;
    if (busy === 0) this.#context.onEmpty();
  }
}
