/** The spares of one connection: opens sessions ahead of their commands, and keeps those that wait for one. */
import { Fifo } from '../../base/fifo.ts';
import type { Session } from '../../ssh/channel/session.ts';

export interface SparesContext {
  readonly isKept: () => boolean;
  /** The server has closed an unused spare before. */
  readonly isClosedUnused: boolean;
  /** How many callers wait for a session. */
  readonly waiting: () => number;
  readonly hasSlot: () => boolean;
  /** Opens one session, and tells `opening` of it. */
  readonly open: () => void;
}

export class Spares {
  readonly #context: SparesContext;
  readonly #ready = new Fifo<Session>();
  #opening = 0;
  /** The server would close the next one too, so none is opened ahead. */
  #isClosedUnused: boolean;

  constructor(context: SparesContext) {
    this.#context = context;
    this.#isClosedUnused = context.isClosedUnused;
  }

  get ready(): number {
    return this.#ready.length;
  }

  get isOpening(): boolean {
    return this.#opening > 0;
  }

  /** The spares and the sessions being opened. */
  get coming(): number {
    return this.#ready.length + this.#opening;
  }

  refill(): void {
    const { isKept, waiting, hasSlot, open } = this.#context;
    const wanted = waiting() + (isKept() && !this.#isClosedUnused ? 1 : 0);
    while (this.coming < wanted && hasSlot()) open();
  }

  /** Counts a session that is being opened; the returned function ends that. */
  opening(): () => void {
    let isOpening = true;
    this.#opening++;
    return () => {
      if (isOpening) this.#opening--;
      isOpening = false;
    };
  }

  add(session: Session): void {
    this.#ready.push(session);
  }

  take(): Session | undefined {
    return this.#ready.shift();
  }

  peek(): Session | undefined {
    return this.#ready.peek();
  }

  /** False for a session that is no spare. */
  removeClosed(session: Session): boolean {
    if (!this.#ready.remove(session)) return false;
    this.#isClosedUnused = true;
    return true;
  }
}
