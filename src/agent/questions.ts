/** Questions to one caller and the answers that come back for them. */
import type { Ask } from '../ssh/prompts.ts';
import type { Message } from '../wire/protocol.ts';

export class Questions {
  readonly #send: (message: Message) => void;
  readonly #open = new Map<number, (answer: Buffer | undefined) => void>();
  #lastId = 0;
  #closed = false;

  constructor(send: (message: Message) => void) {
    this.#send = send;
  }

  readonly ask: Ask = ({ text, echo }) =>
    new Promise((resolve) => {
      if (this.#closed) {
        resolve(undefined);
        return;
      }
      const id = ++this.#lastId;
      this.#open.set(id, resolve);
      this.#send({ type: 'ask', id, text, echo });
    });

  /** Zeroes what came, which lies where the next message will: the one who asked gets a copy. */
  answer({ id, given, text }: Extract<Message, { type: 'answer' }>): void {
    const resolve = this.#open.get(id);
    this.#open.delete(id);
    resolve?.(given ? Buffer.from(text) : undefined);
    text.fill(0);
  }

  /** There is nobody to ask any more: what is open stays unanswered. */
  close(): void {
    this.#closed = true;
    for (const resolve of this.#open.values()) resolve(undefined);
    this.#open.clear();
  }
}
