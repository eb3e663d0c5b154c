import { printableWords } from '../base/printable.ts';
import type { Clock } from '../base/time.ts';
import type { Note } from '../ssh/link/prompts.ts';

const HOLD_MS = 1000;

/** Makes a line safe: it may come from a server, a proxy or ssh. Keeps the `\r` that ends ssh's log lines. */
export function noteText(text: string): string {
  const end = text.endsWith('\r') ? '\r' : '';
  return printableWords(text.slice(0, text.length - end.length)) + end;
}

/** May hold lines until no other program can repeat the call: that one would print them again. */
export class Notes {
  readonly #print: Note;
  readonly #clock: Clock;
  #held: Parameters<Note>[] | undefined;

  constructor(print: Note, hold: boolean, clock: Clock) {
    this.#print = print;
    this.#clock = clock;
    if (hold) this.#held = [];
  }

  readonly say: Note = (...said) => {
    if (this.#held === undefined) return this.#print(...said);
    this.#held.push(said);
    // Released after HOLD_MS: the user may have to act on a line before the call ends.
    if (this.#held.length === 1) this.#clock.after(HOLD_MS, () => this.release());
  };

  drop(): void {
    this.#held = undefined;
  }

  release(): void {
    const held = this.#held;
    this.#held = undefined;
    for (const said of held ?? []) this.#print(...said);
  }
}
