import { printableWords } from '../base/printable.ts';
import type { Clock } from '../base/time.ts';
import type { Note } from '../ssh/link/prompts.ts';

const HOLD_MS = 1000;

/**
 * A line for a caller's standard error, as it is sent: a server, a proxy or an ssh of ours may have a
 * say in it. The end of a line of ssh's own stays.
 */
export function noteText(text: string): string {
  const end = text.endsWith('\r') ? '\r' : '';
  return printableWords(text.slice(0, text.length - end.length)) + end;
}

/**
 * What is for a caller's standard error. It may be held until it is clear that this caller sees the
 * call through: whoever makes it anew comes upon the same, and it must not be said twice.
 */
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
    // What a person has to act on must not wait for the end of it.
    if (this.#held.length === 1) this.#clock.after(HOLD_MS, () => this.release());
  };

  /** They are of no use any more. */
  drop(): void {
    this.#held = undefined;
  }

  release(): void {
    const held = this.#held;
    this.#held = undefined;
    for (const said of held ?? []) this.#print(...said);
  }
}
