/**
 * The connects under way in one group. Each is led by one of those who wait: it may ask that one
 * questions, and is given up when that one leaves. What comes of it is for all of them.
 */
import { SshpoolError } from '../base/errors.ts';
import type { Clock } from '../base/time.ts';
import type { Link } from '../ssh/link.ts';
import type { Handshakes } from './handshakes.ts';
import type { Purpose } from './policy.ts';

/** How to connect. */
export interface Connector {
  /** Whom the first handshake is with, HOST:PORT: the server itself, or the first jump. */
  readonly server: string;
  /** Connects and logs in; called for the caller that has to wait for it. */
  readonly connect: (signal: AbortSignal, purpose: Purpose) => Promise<Link>;
}

interface Leader {
  readonly request: Connector;
}

export interface AttemptsContext<L extends Leader> {
  readonly clock: Clock;
  readonly handshakes: Handshakes;
  readonly onConnected: (link: Link, leader: L, connectMs: number) => void;
  /** `error` is undefined where it was given up with its leader. */
  readonly onFailed: (error: SshpoolError | undefined, purpose: Purpose) => void;
  /** One takes so long that whoever has a choice should not wait for it. */
  readonly onSlow: () => void;
}

/** A handshake takes about eight round trips; this is the longest that is worth waiting for. */
const SLOW_MS = 2000;

interface Attempt<L> {
  readonly leader: L;
  readonly controller: AbortController;
  slow: boolean;
}

export class Attempts<L extends Leader> {
  readonly #context: AttemptsContext<L>;
  readonly #all = new Set<Attempt<L>>();

  constructor(context: AttemptsContext<L>) {
    this.#context = context;
  }

  get size(): number {
    return this.#all.size;
  }

  /** One takes long. */
  get slow(): boolean {
    return [...this.#all].some(({ slow }) => slow);
  }

  isLedBy(leader: L): boolean {
    return [...this.#all].some((attempt) => attempt.leader === leader);
  }

  begin(leader: L, purpose: Purpose): void {
    const { clock, handshakes, onConnected, onFailed, onSlow } = this.#context;
    const controller = new AbortController();
    const { signal } = controller;
    const attempt: Attempt<L> = { leader, controller, slow: false };
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
    const shake = (): Promise<Link> => {
      startedAt = clock.monotonic();
      return connect(signal, purpose);
    };
    handshakes.run(server, signal, shake).then(
      (link) => {
        ended();
        onConnected(link, leader, clock.monotonic() - startedAt);
      },
      (thrown: unknown) => {
        ended();
        onFailed(signal.aborted ? undefined : SshpoolError.from(thrown), purpose);
      },
    );
  }

  /** Ends the one that is led by this leader, if any: nobody else can answer its questions. */
  abort(leader: L): void {
    for (const attempt of this.#all) if (attempt.leader === leader) attempt.controller.abort();
  }

  abortAll(): void {
    for (const { controller } of this.#all) controller.abort();
  }
}
