/** Questions to one caller, and its answers. */
import type { Ask, Question } from '../ssh/link/prompts.ts';
import type { Message } from '../wire/protocol.ts';

interface Open {
  readonly question: Question;
  readonly resolve: (answer: Buffer | undefined) => void;
}

export class Questions {
  readonly #send: (message: Message) => void;
  readonly #open = new Map<number, Open>();
  #lastId = 0;
  #closed = false;

  constructor(send: (message: Message) => void) {
    this.#send = send;
  }

  readonly ask: Ask = (question) =>
    new Promise((resolve) => {
      if (this.#closed) {
        resolve(undefined);
        return;
      }
      const id = ++this.#lastId;
      this.#open.set(id, { question, resolve });
      const { text, echo } = question;
      this.#send({ type: 'ask', id, text, echo });
    });

  /** The asking code gets a copy: the receive buffer is zeroed, and the next message reuses it. */
  answer({ id, given, text }: Extract<Message, { type: 'answer' }>): void {
    const open = this.#open.get(id);
    this.#open.delete(id);
    const none = open?.question.isEmptyByDefault ? Buffer.alloc(0) : undefined;
    open?.resolve(given ? Buffer.from(text) : none);
    text.fill(0);
  }

  close(): void {
    this.#closed = true;
    for (const { resolve } of this.#open.values()) resolve(undefined);
    this.#open.clear();
  }
}
