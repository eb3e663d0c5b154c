/**
 * What a person types while a call runs, and the terminal that it is typed on: raw mode, its size,
 * escapes. Without a terminal it hands on what there is to read.
 */
import { writeSync } from 'node:fs';
import { ESCAPE_TEXTS } from '../wire/escape-texts.ts';
import type { Message } from '../wire/protocol.ts';
import type { MessageOf } from './call.ts';
import { Escapes, type Escape } from './escapes.ts';
import type { RawMode, WindowSize } from './terminal.ts';

type TerminalModule = typeof import('./terminal.ts');

export interface KeyboardFacts {
  readonly terminal: TerminalModule | undefined;
  readonly told: Pick<WindowSize, 'columns' | 'rows'>;
}

/** Where nobody answers a person who has had enough. */
const LEAVE_MS = 2000;

export class Keyboard {
  readonly #terminal: TerminalModule | undefined;
  readonly #send: (message: Message) => void;
  /** The person leaves, and nobody sees to it. */
  readonly #onStuck: () => void;
  #raw: RawMode | undefined;
  /** The size that the agent knows. */
  #told: Pick<WindowSize, 'columns' | 'rows'>;
  #character = Buffer.alloc(0);
  #escapes = new Escapes(this.#character);

  /** `terminal` is that of standard input, where it is one, and `told` its size in `exec`. */
  constructor(
    { terminal, told }: KeyboardFacts,
    send: (message: Message) => void,
    onStuck: () => void,
  ) {
    this.#terminal = terminal;
    this.#told = told;
    this.#send = send;
    this.#onStuck = onStuck;
  }

  open({ terminal, escape }: MessageOf<'opened'>): void {
    this.#character = Buffer.from(escape);
    this.#escapes = new Escapes(this.#character);
    if (!terminal || !this.#terminal) return;
    this.#raw = new this.#terminal.RawMode();
    this.#raw.enter();
    process.on('SIGWINCH', this.#tellSize);
    // Nobody watched until now.
    this.#tellSize();
  }

  /** The terminal is as it was. */
  close(): void {
    process.off('SIGWINCH', this.#tellSize);
    this.#raw?.leave();
  }

  typed(data: Buffer): void {
    for (const part of this.#escapes.filter(data)) {
      if (part.kind === 'bytes') this.#send({ type: 'stdin', data: part.bytes });
      else this.#act(part.escape);
    }
  }

  #act(escape: Escape): void {
    const text: string = ESCAPE_TEXTS[escape];
    if (text !== '') writeSync(2, text.replaceAll('~', this.#character.toString('latin1')));
    if (escape === 'suspend') this.#suspend();
    if (escape !== 'disconnect') return;
    this.#send({ type: 'disconnect' });
    setTimeout(this.#onStuck, LEAVE_MS).unref();
  }

  #suspend(): void {
    this.#raw?.leave();
    // It returns when we go on.
    process.kill(process.pid, 'SIGTSTP');
    this.#raw?.enter();
    this.#tellSize();
  }

  readonly #tellSize = (): void => {
    if (!this.#terminal) return;
    const size = this.#terminal.windowSize();
    const { columns, rows } = this.#told;
    if (size.columns === columns && size.rows === rows) return;
    this.#told = size;
    this.#send({ type: 'resized', ...size });
  };
}
