/** Escape characters in what is typed, as ssh has them (clientloop.c, process_escapes). Pure. */

export type Escape = 'disconnect' | 'suspend' | 'help';

/** What comes of typed bytes, in their order. */
export type Typed =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'escape'; readonly escape: Escape };

const MEANING: Readonly<Record<number, Escape | undefined>> = {
  0x2e: 'disconnect',
  0x1a: 'suspend',
  0x3f: 'help',
};

export class Escapes {
  readonly #character: number | undefined;
  /** What comes now stands at the start of a line. */
  #atStart = true;
  /** The escape character was typed, and what is meant by it is still to come. */
  #pending = false;

  /** One byte, or none: then nothing is an escape. */
  constructor(character: Buffer) {
    this.#character = character[0];
  }

  filter(typed: Buffer): Typed[] {
    const character = this.#character;
    if (character === undefined) return [{ kind: 'bytes', bytes: typed }];
    const all: Typed[] = [];
    let bytes: number[] = [];
    const flush = (): void => {
      if (bytes.length > 0) all.push({ kind: 'bytes', bytes: Buffer.from(bytes) });
      bytes = [];
    };
    for (const byte of typed) {
      if (this.#pending) {
        this.#pending = false;
        const escape = MEANING[byte];
        if (escape) {
          flush();
          all.push({ kind: 'escape', escape });
          continue;
        }
        // Typed twice it is sent once; before anything else it is itself.
        if (byte !== character) bytes.push(character);
      } else if (this.#atStart && byte === character) {
        this.#pending = true;
        continue;
      }
      this.#atStart = byte === 0x0d || byte === 0x0a;
      bytes.push(byte);
    }
    flush();
    return all;
  }
}
