/** The callers that wait in a group for a session or a tunnel, by state. */
import { SshpoolError } from '../base/errors.ts';
import { Fifo } from '../base/fifo.ts';
import type { Moves, Trace } from '../base/moves.ts';
import type { Timer } from '../base/time.ts';
import type { PoolRequest } from './request.ts';
import type { Opener } from './lease.ts';

export type WaiterState = 'waiting' | 'asking' | 'placed' | 'served' | 'gone';
export type WaiterEvent = 'ask' | 'answered' | 'place' | 'retry' | 'taken' | 'leave';

/** Leading a connect is no state: a caller may do so in any (PendingConnects). */
export const WAITER_MOVES: Moves<WaiterState, WaiterEvent> = {
  waiting: { ask: 'asking', place: 'placed', leave: 'gone' },
  // No connection while its user is prompted: what the user types must not become input of a command.
  asking: { answered: 'waiting', leave: 'gone' },
  placed: { retry: 'waiting', taken: 'served', leave: 'gone' },
  served: {},
  gone: {},
};

export class Waiter {
  readonly id: number;
  readonly request: PoolRequest;
  readonly opener: Opener;
  readonly reject: (error: SshpoolError) => void;
  state: WaiterState = 'waiting';
  deadline: Timer | undefined;

  constructor(
    id: number,
    request: PoolRequest,
    opener: Opener,
    reject: (error: SshpoolError) => void,
  ) {
    this.id = id;
    this.request = request;
    this.opener = opener;
    this.reject = reject;
  }

  /** Leads a connect that no caller waits for. */
  static absent({ id, request, opener }: Waiter): Waiter {
    const waiter = new Waiter(id, request, opener, () => undefined);
    waiter.state = 'gone';
    return waiter;
  }
}

/** The only place where a caller changes its state. */
export class Waiters {
  readonly #byState = {
    waiting: new Fifo<Waiter>(),
    asking: new Fifo<Waiter>(),
    placed: new Fifo<Waiter>(),
    served: undefined,
    gone: undefined,
  };
  readonly #trace: Trace | undefined;

  constructor(trace: Trace | undefined) {
    this.#trace = trace;
  }

  get waiting(): Fifo<Waiter> {
    return this.#byState.waiting;
  }

  get queued(): number {
    return this.#byState.waiting.length + this.#byState.asking.length;
  }

  get size(): number {
    return this.queued + this.#byState.placed.length;
  }

  all(): Waiter[] {
    const { waiting, asking, placed } = this.#byState;
    return [...waiting, ...asking, ...placed];
  }

  add(waiter: Waiter): void {
    this.#byState.waiting.push(waiter);
  }

  /** False where its state has no such move. One that waits again goes last. `where` is for the log. */
  move(waiter: Waiter, event: WaiterEvent, where = ''): boolean {
    const { id, state, request } = waiter;
    const next = WAITER_MOVES[state][event];
    if (next === undefined) return false;
    this.#byState[state]?.remove(waiter);
    waiter.deadline?.cancel();
    waiter.state = next;
    this.#byState[next]?.push(waiter);
    this.#trace?.(`call ${id} to ${request.label.name}`, state, next, event + where);
    return true;
  }
}

/** The leader of a failed connect, and those of `others` that share the failure. */
export function sharing(leader: Waiter, others: readonly Waiter[], isPersonal: boolean): Waiter[] {
  const isAlike = ({ request }: Waiter): boolean =>
    !isPersonal || (leader.request.batchMode && request.batchMode);
  return [leader, ...others.filter(isAlike)];
}
