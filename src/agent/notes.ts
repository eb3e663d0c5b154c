import { printable } from '../base/printable.ts';

/**
 * A line for a caller's standard error, as it is sent: a server, a proxy or an ssh of ours may have a
 * say in it. The end of a line of ssh's own stays.
 */
export function noteText(text: string): string {
  const end = text.endsWith('\r') ? '\r' : '';
  return printable(text.slice(0, text.length - end.length)) + end;
}

/**
 * Lines for a caller's standard error. They may be held until it is clear that this caller sees the
 * call through: whoever makes it anew comes upon the same, and it must not be said twice.
 */
export class Notes {
  readonly #print: (text: string) => void;
  #held: string[] | undefined;

  constructor(print: (text: string) => void, hold: boolean) {
    this.#print = print;
    if (hold) this.#held = [];
  }

  readonly say = (text: string): void => {
    if (this.#held) this.#held.push(text);
    else this.#print(text);
  };

  /** They are of no use any more. */
  drop(): void {
    this.#held = undefined;
  }

  release(): void {
    const held = this.#held;
    this.#held = undefined;
    for (const text of held ?? []) this.#print(text);
  }
}
