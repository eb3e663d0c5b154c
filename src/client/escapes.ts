/**
 * The escape characters of ssh(1), those of them that have a meaning here: what stands after the
 * escape character at the beginning of a line. As in ssh, anything else passes with the character.
 * Pure: knows neither terminal nor agent.
 */

import { escapeHelp } from '../wire/escape-help.ts';

/** What a person asks for. */
export type Wish = 'disconnect' | 'help' | 'suspend';

const WISHES: Readonly<Record<string, Wish | undefined>> = {
  '.': 'disconnect',
  '?': 'help',
  '\u001a': 'suspend',
};

const [CR, LF] = [0x0d, 0x0a];

export class Escapes {
  readonly #character: number;
  /** The character was typed, and its meaning depends on the next one. */
  #pending = false;
  #insideLine = false;

  constructor(character: number) {
    this.#character = character;
  }

  /** Whether a byte was read that the remote may get yet. */
  get isPending(): boolean {
    return this.#pending;
  }

  /** What was typed, as bytes for the remote and wishes, in the order in which they were typed. */
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
      // Typed twice it stands for itself.
      if (byte !== this.#character) to.push(this.#character);
    } else if (!this.#insideLine && byte === this.#character) {
      this.#pending = true;
      return undefined;
    }
    this.#insideLine = byte !== CR && byte !== LF;
    to.push(byte);
    return undefined;
  }

  /** What is shown for a wish. */
  shown(wish: Exclude<Wish, 'disconnect'>): Buffer {
    const character = String.fromCharCode(this.#character);
    const text = wish === 'help' ? escapeHelp(character) : `${character}^Z [suspend ssh]\r\n`;
    return Buffer.from(text, 'latin1');
  }
}
