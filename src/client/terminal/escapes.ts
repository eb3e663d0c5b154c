/** The escape sequences of ssh(1) that apply here, at the beginning of a line; others are sent unchanged. */

import { escapeHelp } from '../../wire/escape-help.ts';

export type Wish = 'disconnect' | 'help' | 'suspend';

const WISHES: Readonly<Record<string, Wish | undefined>> = {
  '.': 'disconnect',
  '?': 'help',
  '\u001a': 'suspend',
};

const [CR, LF] = [0x0d, 0x0a];

export class Escapes {
  readonly #character: number;
  /** The escape character is held back: its meaning depends on the next one. */
  #pending = false;
  #insideLine = false;

  constructor(character: number) {
    this.#character = character;
  }

  get isPending(): boolean {
    return this.#pending;
  }

  /** Splits the typed bytes into data for the remote and requests, in their order. */
  read(typed: Buffer): (Buffer | Wish)[] {
    const parts: (Buffer | Wish)[] = [];
    let bytes: number[] = [];
    for (const byte of typed) {
      const wish = this.#take(byte, bytes);
      if (wish === undefined) continue;
      if (bytes.length > 0) parts.push(Buffer.from(bytes));
      parts.push(wish);
      bytes = [];
    }
    if (bytes.length > 0) parts.push(Buffer.from(bytes));
    return parts;
  }

  #take(byte: number, to: number[]): Wish | undefined {
    if (this.#pending) {
      this.#pending = false;
      const wish = WISHES[String.fromCharCode(byte)];
      if (wish !== undefined) return wish;
      // Typed twice, it is sent once.
      if (byte !== this.#character) to.push(this.#character);
    } else if (!this.#insideLine && byte === this.#character) {
      this.#pending = true;
      return undefined;
    }
    this.#insideLine = byte !== CR && byte !== LF;
    to.push(byte);
    return undefined;
  }

  shown(wish: Exclude<Wish, 'disconnect'>): Buffer {
    const character = String.fromCharCode(this.#character);
    const text = wish === 'help' ? escapeHelp(character) : `${character}^Z [suspend ssh]\r\n`;
    return Buffer.from(text, 'latin1');
  }
}
