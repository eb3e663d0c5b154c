/** The connects under way in one group. The user of the caller that leads a connect answers its prompts. */
import { SshpoolError } from '../base/errors.ts';
import type { Trace } from '../base/moves.ts';
import type { Clock } from '../base/time.ts';
import type { Link } from '../ssh/link/link.ts';
import { SETTLE_MS } from '../ssh/login/penalties.ts';
import type { Label, MadeConnect } from './connection/context.ts';
import type { Handshakes } from './handshakes.ts';
import type { Purpose } from './placement.ts';

/** Wraps each prompt to the leader's user. */
export type Asking = <T>(wait: () => Promise<T>) => Promise<T>;

export interface Connector {
  /** HOST:PORT of the server, also behind a jump host. */
  readonly server: string;
  /** Whether a login at this server failed recently, for any caller. */
  readonly hasFailed: () => boolean;
  readonly connect: (signal: AbortSignal, purpose: Purpose, asking: Asking) => Promise<Link>;
}

interface Leader {
  readonly request: Connector & { readonly label: Pick<Label, 'name'> };
}

export interface PendingConnectsContext<L extends Leader> {
  readonly clock: Clock;
  readonly handshakes: Handshakes;
  /** How long other callers wait for the leader's user. */
  readonly patienceMs: number;
  readonly nextId: () => number;
  readonly trace: Trace | undefined;
  readonly onConnected: (link: Link, leader: L, made: MadeConnect) => void;
  readonly onFailed: (failure: ConnectFailure<L>) => void;
  /** A prompt was opened or closed: see isAsking. */
  readonly onAsking: (leader: L) => void;
  /** A connect is so slow that a caller with another connection should not wait for it. */
  readonly onSlow: () => void;
}

export interface ConnectFailure<L> {
  /** Undefined if the connect was aborted because its leader left. */
  readonly error: SshpoolError | undefined;
  readonly leader: L;
  readonly purpose: Purpose;
  readonly asked: boolean;
}

/** A handshake takes about eight round trips; this is the longest that is worth waiting for. */
const SLOW_MS = 2000;

interface PendingConnect<L> {
  readonly leader: L;
  readonly controller: AbortController;
  slow: boolean;
  asked: boolean;
  asking: boolean;
  /** A prompt is open for longer than other callers wait. */
  stalled: boolean;
  askedMs: number;
}

export class PendingConnects<L extends Leader> {
  readonly #context: PendingConnectsContext<L>;
  readonly #all = new Set<PendingConnect<L>>();
  #settlesUntil = -Infinity;

  constructor(context: PendingConnectsContext<L>) {
    this.#context = context;
  }

  get size(): number {
    return this.#all.size;
  }

  get stalled(): number {
    return [...this.#all].filter(({ stalled }) => stalled).length;
  }

  /** No connect is made for speed now: one is slow, or failed recently at this server or in this group. */
  settles({ hasFailed }: Connector): boolean {
    const isSlow = [...this.#all].some(({ slow }) => slow);
    return isSlow || this.#context.clock.monotonic() < this.#settlesUntil || hasFailed();
  }

  settle(): void {
    this.#settlesUntil = this.#context.clock.monotonic() + SETTLE_MS;
  }

  isLedBy(leader: L): boolean {
    return [...this.#all].some((attempt) => attempt.leader === leader);
  }

  isAsking(leader: L): boolean {
    return [...this.#all].some((attempt) => attempt.leader === leader && attempt.asking);
  }

  begin(leader: L, purpose: Purpose): void {
    const { clock, handshakes, nextId, trace, onConnected, onFailed, onSlow } = this.#context;
    const id = nextId();
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
    const { server, connect, label } = leader.request;
    trace?.(`connection ${id} to ${label.name}`, 'none', 'connecting', purpose);
    // The time in the queue for the handshake is not connect time.
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
        onConnected(link, leader, { id, connectMs, askedMs });
      },
      (thrown: unknown) => {
        ended();
        const error = signal.aborted ? undefined : SshpoolError.from(thrown);
        trace?.(`connection ${id}`, 'connecting', 'closed', error?.code ?? 'given up');
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

  /** Aborts the connect of this leader, if any: no other caller can answer its prompts. */
  abort(leader: L): void {
    for (const attempt of this.#all) if (attempt.leader === leader) attempt.controller.abort();
  }

  abortAll(): void {
    for (const { controller } of this.#all) controller.abort();
  }
}
