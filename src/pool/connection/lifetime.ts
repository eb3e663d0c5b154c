/** The lifetime of one connection: its state, why it left the pool, and the timers that end it. */
import type { SshpoolError } from '../../base/errors.ts';
import type { Moves, Trace } from '../../base/moves.ts';
import type { Clock, Timer } from '../../base/time.ts';

/** Why a connection left the pool: it was idle for too long, it was closed on request, or it broke. */
export type EvictReason = 'idle' | 'closed' | 'lost';

export type ConnectionState = 'connecting' | 'open' | 'draining' | 'closed';
export type ConnectionEvent = 'connected' | 'drain' | 'close';

/** `connecting` is the state of its connect (PendingConnects). `draining` ends with the last session. */
export const CONNECTION_MOVES: Moves<ConnectionState, ConnectionEvent> = {
  connecting: { connected: 'open', close: 'closed' },
  open: { drain: 'draining', close: 'closed' },
  draining: { close: 'closed' },
  closed: {},
};

export class Lifetime {
  readonly #id: number;
  readonly #clock: Clock;
  readonly #trace: Trace | undefined;
  readonly closed: Promise<void>;
  #resolveClosed: () => void = () => undefined;
  #state: ConnectionState = 'connecting';
  #evicted: EvictReason | undefined;
  #error: SshpoolError | undefined;
  #idleTimer: Timer | undefined;
  #endTimer: Timer | undefined;

  constructor(id: number, clock: Clock, trace: Trace | undefined) {
    this.#id = id;
    this.#clock = clock;
    this.#trace = trace;
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get evicted(): EvictReason | undefined {
    return this.#evicted;
  }

  get error(): SshpoolError | undefined {
    return this.#evicted === 'lost' ? this.#error : undefined;
  }

  connected(): void {
    this.#move('connected');
  }

  idle(ms: number, expire: () => void): void {
    this.#idleTimer = this.#clock.after(ms, () => {
      this.#evicted = 'idle';
      expire();
    });
  }

  used(): void {
    this.#idleTimer?.cancel();
  }

  /** The first reason stands. */
  drain(reason: EvictReason): void {
    this.#move('drain');
    this.#evicted ??= reason;
  }

  endAfter(ms: number, end: () => void): void {
    this.#endTimer ??= this.#clock.after(ms, end);
  }

  close(error: SshpoolError): void {
    this.#move('close');
    this.#evicted ??= 'lost';
    this.#error = error;
    this.#resolveClosed();
  }

  #move(event: ConnectionEvent): void {
    const from = this.#state;
    const next = CONNECTION_MOVES[from][event];
    if (next === undefined) return;
    this.#state = next;
    this.#trace?.(`connection ${this.#id}`, from, next, event);
    this.#idleTimer?.cancel();
    if (next === 'closed') this.#endTimer?.cancel();
  }
}
