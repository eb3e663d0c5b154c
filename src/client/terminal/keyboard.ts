/** Sends typed data to the remote, and acts on escape sequences in it. */
import { Escapes, type Wish } from './escapes.ts';

/** A healthy agent answers `disconnect` at once. */
const DISCONNECT_MS = 2000;

export interface KeyboardEnds {
  readonly send: (data: Buffer) => void;
  readonly show: (text: Buffer) => void;
  readonly suspend: () => void;
  readonly disconnect: () => void;
  /** The agent does not answer `disconnect`. */
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

  /** The user has disconnected: nothing more is sent or shown. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Returns how many bytes were escape sequences. */
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
    // As ssh, shows nothing for disconnect.
    if (wish !== 'disconnect') {
      this.#ends.show(escapes.shown(wish));
      if (wish === 'suspend') this.#ends.suspend();
      return;
    }
    this.#isOver = true;
    this.#ends.disconnect();
    // After a stop of this process, first reads the data that arrived meanwhile.
    setTimeout(() => setImmediate(this.#ends.silent), DISCONNECT_MS).unref();
  }
}
