/** What is typed, on its way to the remote, and what a person wishes by escape characters in it. */
import { Escapes, type Wish } from './escapes.ts';

/** An agent that is well answers `disconnect` at once. */
const DISCONNECT_MS = 2000;

/** What a keyboard works upon. */
export interface KeyboardEnds {
  readonly send: (data: Buffer) => void;
  /** Bytes for the person. */
  readonly show: (text: Buffer) => void;
  readonly suspend: () => void;
  readonly disconnect: () => void;
  /** The agent does not let go. */
  readonly silent: () => void;
}

export class Keyboard {
  readonly #ends: KeyboardEnds;
  #escapes: Escapes | undefined;
  #isOver = false;

  constructor(ends: KeyboardEnds) {
    this.#ends = ends;
  }

  /** The escape character as one byte; empty for none. */
  useEscapes(character: Buffer): void {
    const [byte] = character;
    if (byte !== undefined) this.#escapes = new Escapes(byte);
  }

  /** The person has left: there is nothing more to send, nor to show. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Sends what is for the remote; returns how many bytes were for us. */
  read(typed: Buffer): number {
    const escapes = this.#escapes;
    if (this.#isOver) return 0;
    if (escapes === undefined) {
      this.#ends.send(typed);
      return 0;
    }
    const before = escapes.isPending ? 1 : 0;
    let sent = 0;
    for (const part of escapes.read(typed)) {
      if (this.#isOver) return 0;
      if (typeof part === 'string') this.#grant(part, escapes);
      else {
        this.#ends.send(part);
        sent += part.length;
      }
    }
    return before + typed.length - sent - (escapes.isPending ? 1 : 0);
  }

  #grant(wish: Wish, escapes: Escapes): void {
    // ssh shows nothing of that: it has left before it could.
    if (wish !== 'disconnect') {
      this.#ends.show(escapes.shown(wish));
      if (wish === 'suspend') this.#ends.suspend();
      return;
    }
    this.#isOver = true;
    this.#ends.disconnect();
    // Where we were stopped meanwhile, what has come is read first.
    setTimeout(() => setImmediate(this.#ends.silent), DISCONNECT_MS).unref();
  }
}
