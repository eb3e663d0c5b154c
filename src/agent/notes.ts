import { printable } from '../base/printable.ts';
import type { Clock } from '../base/time.ts';

const HOLD_MS = 1000;

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
  readonly #clock: Clock;
  #held: string[] | undefined;

  constructor(print: (text: string) => void, hold: boolean, clock: Clock) {
    this.#print = print;
    this.#clock = clock;
    if (hold) this.#held = [];
  }

  readonly say = (text: string): void => {
    if (this.#held === undefined) return this.#print(text);
    this.#held.push(text);
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
    for (const text of held ?? []) this.#print(text);
  }
}
