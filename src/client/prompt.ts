/** A question put to the person at the controlling terminal, whatever the standard streams are. */
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { ReadStream } from 'node:tty';
import { encodeLine, typeInto, type Line } from './typed-line.ts';

/** The terminal of the person, for one question. */
export interface PromptTerminal {
  readonly input: number;
  /** Opened by itself: reading makes `input` one that does not wait, and a prompt may have to. */
  readonly output: number;
}

const { O_RDONLY, O_WRONLY, O_RDWR, O_NONBLOCK } = constants;

/** Undefined where there is no controlling terminal. */
export function openTerminal(): PromptTerminal | undefined {
  try {
    return { input: openSync('/dev/tty', O_RDWR), output: openSync('/dev/tty', O_WRONLY) };
  } catch {
    return undefined; // nobody to ask
  }
}

export function closeTerminal({ input, output }: PromptTerminal): void {
  for (const fd of [input, output]) closeSync(fd);
}

/** The server has a say in these texts: no control characters but the ends of lines. */
export function printablePrompt(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '?');
}

/**
 * Asks, and lets go of the terminal; undefined where the person ended the input, the terminal has
 * gone, or `signal` took the question back.
 */
export function askOnTerminal(
  terminal: PromptTerminal,
  question: { readonly text: string; readonly echo: boolean },
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  return new Promise((resolve) => new Prompt(terminal, question, resolve).open(signal));
}

/** These end us, or stop us: first the terminal is as it was. */
const ENDING = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'] as const;

/** Reads one line in raw mode, in which the echo is ours to give or not. */
class Prompt {
  readonly #terminal: PromptTerminal;
  readonly #text: string;
  readonly #echo: boolean;
  readonly #resolve: (answer: Buffer | undefined) => void;
  readonly #stream: ReadStream;
  readonly #decoder = new StringDecoder('utf8');
  #line: Line = [];
  #isOver = false;

  constructor(
    terminal: PromptTerminal,
    { text, echo }: { readonly text: string; readonly echo: boolean },
    resolve: (answer: Buffer | undefined) => void,
  ) {
    this.#terminal = terminal;
    this.#text = printablePrompt(text);
    this.#echo = echo;
    this.#resolve = resolve;
    this.#stream = readStream(terminal.input, (typed) => this.#typed(typed));
  }

  open(signal: AbortSignal): void {
    // The terminal has gone, and with it the person.
    for (const event of ['error', 'end']) this.#stream.on(event, () => this.#finish(undefined));
    for (const name of ENDING) process.prependListener(name, this.#end);
    process.on('SIGTSTP', this.#suspend);
    this.#ask();
    this.#stream.resume();
    signal.addEventListener('abort', () => this.#finish(undefined), { once: true });
    if (signal.aborted) this.#finish(undefined);
  }

  #ask(): void {
    this.#line = [];
    this.#stream.setRawMode(true);
    // As ssh (TCSAFLUSH): what was typed before was typed for something else.
    discardTyped();
    // At the start of the line, over what the terminal showed of that.
    this.#write(`\r${this.#text}`);
  }

  /** Takes one byte after the other: a string of a whole paste would stay in memory. */
  #typed(bytes: Buffer): void {
    for (const byte of bytes) {
      const character = this.#decoder.write(Buffer.of(byte));
      // What comes behind the end of the line, as in a paste, is not read.
      if (character !== '' && !this.#take(character)) return;
    }
  }

  /** Whether the line goes on. */
  #take(character: string): boolean {
    const typed = typeInto(this.#line, character);
    if (typed.kind === 'line') {
      this.#line = typed.line;
      if (this.#echo) this.#write(typed.shown);
      return !this.#isOver;
    }
    if (typed.kind === 'signal') this.#signal(typed.name);
    else this.#finish(typed.kind === 'done' ? encodeLine(this.#line) : undefined);
    return false;
  }

  #signal(name: 'SIGINT' | 'SIGQUIT' | 'SIGTSTP'): void {
    if (name === 'SIGTSTP') return this.#stop(0);
    this.#leave();
    // To the job, as from a terminal: the script that runs us is to end as well.
    process.kill(0, name);
  }

  readonly #end = (name: NodeJS.Signals): void => {
    this.#leave();
    if (process.listenerCount(name) === 0) process.kill(process.pid, name);
  };

  readonly #suspend = (): void => this.#stop(process.pid);

  /** Stops the job (0), or one process, with the terminal as it was; then the question is put anew. */
  #stop(who: number): void {
    this.#stream.setRawMode(false);
    this.#write('\n');
    process.off('SIGTSTP', this.#suspend);
    // It returns when we go on.
    process.kill(who, 'SIGTSTP');
    process.on('SIGTSTP', this.#suspend);
    this.#ask();
  }

  #finish(answer: Buffer | undefined): void {
    if (this.#isOver) return;
    this.#leave();
    this.#resolve(answer);
  }

  /** No answer, not even that there is none: the call would fail before the signal ends us. */
  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#line = [];
    for (const name of ENDING) process.off(name, this.#end);
    process.off('SIGTSTP', this.#suspend);
    this.#stream.setRawMode(false);
    this.#write('\n');
    this.#stream.destroy();
    closeTerminal(this.#terminal);
  }

  #write(text: string): void {
    try {
      writeSync(this.#terminal.output, text);
    } catch {
      this.#finish(undefined); // the terminal has gone
    }
  }
}

/**
 * Reads into a buffer of its own, which is zeroed once `typed` has returned: Node would make one for
 * each read, and keep a copy.
 */
function readStream(fd: number, typed: (bytes: Buffer) => void): ReadStream {
  const buffer = Buffer.alloc(1024);
  const callback = (bytes: number): boolean => {
    typed(buffer.subarray(0, bytes));
    buffer.fill(0);
    return true;
  };
  // Its types do not know of onread, which it hands on to the socket that it is.
  const options = { readable: true, onread: { buffer, callback } };
  return new ReadStream(fd, options);
}

function discardTyped(): void {
  let fd: number | undefined;
  try {
    fd = openSync('/dev/tty', O_RDONLY | O_NONBLOCK);
    const bytes = Buffer.alloc(1024);
    while (readSync(fd, bytes) > 0) bytes.fill(0);
  } catch {
    // EAGAIN: that was all. Or the terminal has gone, which reading it will tell.
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
