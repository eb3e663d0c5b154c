/** The connections of one identity (one key), its callers, and the one place that matches the two. */
import { SshpoolError } from '../base/errors.ts';
import type { Link } from '../ssh/link/link.ts';
import type { Tunnel } from '../ssh/channel/tunnel.ts';
import { PendingConnects, type ConnectFailure } from './pending-connects.ts';
import type { MadeConnect, ConnectionEvents } from './connection/context.ts';
import { Connection } from './connection/connection.ts';
import { refuseAfterTimeout } from './full-pool.ts';
import { connectionContext, type GroupContext } from './group-context.ts';
import { capOfNew } from './connection/standing.ts';
import { place, type Placement } from './placement.ts';
import type { PoolRequest } from './request.ts';
import { sharing, Waiter, Waiters } from './waiting-calls.ts';
import {
  sessionOpener,
  tunnelOpener,
  type Lease,
  type Opener,
  type TunnelRequest,
} from './lease.ts';

export class Group {
  readonly #context: GroupContext;
  readonly #connections = new Set<Connection>();
  readonly #connects: PendingConnects<Waiter>;
  readonly #waiters: Waiters;
  /** Why the last connect failed, unless one has succeeded since. */
  #failure: SshpoolError | undefined;
  #closing = false;

  constructor(context: GroupContext) {
    this.#context = context;
    this.#waiters = new Waiters(context.trace);
    this.#connects = new PendingConnects({
      clock: context.clock,
      handshakes: context.handshakes,
      patienceMs: context.settings.queueTimeoutMs,
      nextId: context.nextId,
      trace: context.trace,
      onConnected: (link, leader, made) => this.#connected(link, leader, made),
      onFailed: (failure) => this.#connectFailed(failure),
      onAsking: (waiter) => this.#asked(waiter),
      onSlow: () => this.#pump(),
    });
  }

  get connections(): readonly Connection[] {
    return [...this.#connections];
  }

  get queued(): number {
    return this.#waiters.queued;
  }

  get isCrowded(): boolean {
    const isProbing = this.#open.some(({ proof }) => proof === 'probing');
    return this.#waiters.waiting.length > 0 && this.#coming === 0 && !isProbing;
  }

  /** @throws SshpoolError POOL_EXHAUSTED, SESSION_REFUSED, CANCELLED, or why connecting failed */
  acquire(request: PoolRequest, signal: AbortSignal): Promise<Lease> {
    return new Promise((resolve, reject) => {
      this.#admit(request, sessionOpener(this.#context.clock, resolve), reject, signal);
    });
  }

  /** @throws SshpoolError as acquire; TUNNEL_REFUSED, CONNECT_TIMEOUT */
  tunnel(request: PoolRequest, way: TunnelRequest, signal: AbortSignal): Promise<Tunnel> {
    return new Promise((resolve, reject) => {
      this.#admit(request, tunnelOpener(this.#context.clock, way, resolve), reject, signal);
    });
  }

  #admit(
    request: PoolRequest,
    opener: Opener,
    reject: (error: SshpoolError) => void,
    signal: AbortSignal,
  ): void {
    if (signal.aborted) {
      reject(SshpoolError.of('CANCELLED', {}));
      return this.#checkEmpty();
    }
    for (const connection of this.#connections) connection.review(request.trust);
    const waiter = new Waiter(this.#context.nextCall(), request, opener, reject);
    this.#waiters.add(waiter);
    this.#queue(waiter);
    // Most callers have their session by now, and need no abort listener.
    if (waiter.state === 'served') return;
    signal.addEventListener('abort', () => this.#leave(waiter, SshpoolError.of('CANCELLED', {})));
  }

  /** Without `force` running sessions end first, and waiting callers are served. */
  close(force: SshpoolError | undefined): void {
    this.#closing = true;
    if (force) {
      this.#connects.abortAll();
      // Before the connections close: a caller placed on one must not be moved to the next.
      for (const waiter of this.#waiters.all()) this.#leave(waiter, force);
    }
    for (const connection of this.#connections) connection.drain(force);
  }

  #queue(waiter: Waiter): void {
    this.#pump();
    if (waiter.state !== 'waiting') return;
    this.#limit(waiter);
    this.#context.onEvent?.({ type: 'queue', label: waiter.request.label, queued: this.queued });
  }

  #limit(waiter: Waiter): void {
    const { clock, settings } = this.#context;
    refuseAfterTimeout(waiter, {
      clock,
      settings,
      isConnecting: () => this.#coming > 0,
      isFull: () => this.#connections.size + this.#connects.size >= settings.maxConnections,
      failure: () => this.#failure,
      refuse: (late, error) => this.#leave(late, error),
    });
  }

  #leave(waiter: Waiter, error: SshpoolError): void {
    if (!this.#waiters.move(waiter, 'leave')) return;
    waiter.reject(error);
    this.#connects.abort(waiter);
    this.#checkEmpty();
  }

  /** Matches waiting callers with connections, in order, until nothing more can be done now. */
  #pump(mayConnect = true): void {
    const { waiting } = this.#waiters;
    for (let first = waiting.peek(); first; first = waiting.peek()) {
      const placement = this.#place(first);
      if (placement.kind === 'use') this.#give(first, placement.connection);
      else if (placement.kind === 'probe') placement.connection.probe();
      else if (placement.kind === 'connect' && mayConnect) {
        const next = [...waiting].find((waiter) => !this.#connects.isLedBy(waiter));
        this.#connects.begin(next ?? first, placement.purpose);
      } else return;
    }
    // The last waiting caller has its session; a closing group gets no new callers.
    if (this.#closing) for (const connection of this.#connections) connection.drain(undefined);
  }

  #place({ opener, request }: Waiter): Placement<Connection> {
    const { limits } = this.#context;
    const open = this.#open;
    // Draining connections still count: the limit is on connections, not on usable ones.
    const leaving = this.#connections.size - open.length;
    return place(open, {
      wantsSession: opener.isSession,
      waiting: this.#waiters.waiting.length,
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
    return [...this.#connections].filter(({ state }) => state === 'open');
  }

  get #coming(): number {
    return this.#connects.size - this.#connects.stalled;
  }

  #give(waiter: Waiter, connection: Connection): void {
    const { counters } = this.#context;
    const reused = connection.uses > 0;
    this.#waiters.move(waiter, 'place', ` on connection ${connection.id}`);
    waiter.opener.open(connection, {
      reused,
      onOpen: () => {
        if (!this.#waiters.move(waiter, 'taken')) return false;
        if (reused) counters.poolHits++;
        else counters.poolMisses++;
        if (reused) this.#context.onEvent?.({ type: 'reuse', connection: connection.row() });
        return true;
      },
      onRetry: () => {
        if (this.#waiters.move(waiter, 'retry')) this.#queue(waiter);
      },
      onFailed: (error) => {
        if (!this.#waiters.move(waiter, 'leave')) return;
        waiter.reject(error);
        this.#checkEmpty();
      },
      onDoubt: () => this.#reachElsewhere(connection, waiter),
    });
  }

  #connected(link: Link, leader: Waiter, made: MadeConnect): void {
    const { request } = leader;
    const { counters, limits, onEvent } = this.#context;
    const { connectMs } = made;
    counters.connect.add(connectMs);
    this.#failure = undefined;
    const events: ConnectionEvents = {
      onOpen: () => onEvent?.({ type: 'connect', connection: connection.row(), connectMs }),
      onRoom: () => this.#pump(),
      onLimit: (found) => limits.learn(found),
      onReached: () => this.#reached(connection, 0),
      onRefused: () => {
        counters.refusedSessions++;
        onEvent?.({ type: 'refuse', connection: connection.row() });
      },
      onClosed: () => this.#removed(connection),
    };
    const facts = connectionContext(this.#context, request, made, events);
    const connection = new Connection(link, facts);
    connection.start();
    // Only now, so that no other caller gets it before the leader. The link may be lost already.
    if (connection.state !== 'closed') this.#connections.add(connection);
    this.#reached(connection, connectMs);
    // The identity changed during the connect: as with ssh, only the leader uses this connection.
    if (!request.isShareable(link)) {
      const isWanted = leader.state === 'waiting' && connection.state === 'open';
      if (isWanted) this.#give(leader, connection);
      connection.drain(undefined);
    }
    this.#pump();
  }

  /** Another connection shows whether the network is down or only `silent`; it also serves callers. */
  #reachElsewhere(silent: Connection, waiter: Waiter): void {
    const others = this.#open.filter(({ proof }) => proof !== 'silent');
    for (const connection of others) connection.probe();
    const isFull = this.#connections.size + this.#connects.size >= this.#max;
    // A draining connection may be the only one that its caller wanted (--fresh).
    if (others.length + this.#coming > 0 || isFull || silent.state !== 'open') return;
    if (this.#connects.settles(waiter.request)) return;
    // No waiting caller leads this connect: like every connect for speed, it does not prompt.
    this.#connects.begin(Waiter.absent(waiter), 'speed');
  }

  /** `tookMs`: of the connect; 0 if `by` existed before. */
  #reached(by: Connection, tookMs: number): void {
    for (const one of this.#connections) if (one !== by) one.pulse.reachedElsewhere(tookMs);
  }

  #removed(connection: Connection): void {
    this.#connections.delete(connection);
    const { evicted: reason = 'lost', error } = connection.end;
    const cause = error && { error };
    this.#context.onEvent?.({ type: 'evict', connection: connection.row(), reason, ...cause });
    this.#pump();
    this.#checkEmpty();
  }

  #asked(waiter: Waiter): void {
    if (this.#connects.isAsking(waiter)) this.#waiters.move(waiter, 'ask');
    else if (this.#waiters.move(waiter, 'answered')) this.#queue(waiter);
  }

  /** Fails all callers that wait for this connect; if other connections answer, they wait for those. */
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
      const others = [...this.#waiters.waiting].filter((one) => !this.#connects.isLedBy(one));
      for (const waiter of sharing(leader, others, isPersonal)) this.#leave(waiter, error);
      this.#pump();
    } else {
      // The connect is not repeated at once, but after one for speed one for room may be needed.
      this.#connects.settle();
      this.#pump(purpose === 'speed');
    }
    // The leader's prompt is still open, but the connect that it belongs to has failed.
    if (error && leader.state === 'asking') this.#leave(leader, error);
    this.#checkEmpty();
  }

  #checkEmpty(): void {
    const busy = this.#connections.size + this.#connects.size + this.#waiters.size;
    if (busy === 0) this.#context.onEmpty();
  }
}
