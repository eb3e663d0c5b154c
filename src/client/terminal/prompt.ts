/** Asks the user a question at the controlling terminal, wherever the standard streams lead. */
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { ReadStream } from 'node:tty';
import { encodeLine, typeInto, type Line } from './typed-line.ts';

export interface PromptTerminal {
  readonly input: number;
  /** A separate descriptor: reading makes `input` non-blocking, and writing a prompt may have to block. */
  readonly output: number;
}

const { O_RDONLY, O_WRONLY, O_RDWR, O_NONBLOCK } = constants;

export function openTerminal(): PromptTerminal | undefined {
  try {
    return { input: openSync('/dev/tty', O_RDWR), output: openSync('/dev/tty', O_WRONLY) };
  } catch {
    return undefined; // no terminal to ask at
  }
}

export function closeTerminal({ input, output }: PromptTerminal): void {
  for (const fd of [input, output]) closeSync(fd);
}

/** The text may come from the server: replaces all control characters except line ends. */
export function printablePrompt(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '?');
}

/** Asks, then closes the terminal. Undefined at end of input, without a terminal, or after `signal`. */
export function askOnTerminal(
  terminal: PromptTerminal,
  question: { readonly text: string; readonly echo: boolean },
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  return new Promise((resolve) => new Prompt(terminal, question, resolve).open(signal));
}

/** The terminal is restored before one of them ends this process. */
const ENDING = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'] as const;

/** Reads one line in raw mode, so that this process controls the echo. */
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
    // The terminal is gone, so no answer can follow.
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
    // As ssh (TCSAFLUSH), discards what was typed before the question; \r overwrites its echo.
    discardTyped();
    this.#write(`\r${this.#text}`);
  }

  /** Takes one byte at a time: a string of a whole paste would stay in memory. */
  #typed(bytes: Buffer): void {
    for (const byte of bytes) {
      const character = this.#decoder.write(Buffer.of(byte));
      // Ignores data after the end of the line, as in a paste.
      if (character !== '' && !this.#take(character)) return;
    }
  }

  /** Returns whether the line continues. */
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
    // To the whole process group, as from a terminal: a script that runs sshpool must end as well.
    process.kill(0, name);
  }

  readonly #end = (name: NodeJS.Signals): void => {
    this.#leave();
    if (process.listenerCount(name) === 0) process.kill(process.pid, name);
  };

  readonly #suspend = (): void => this.#stop(process.pid);

  /** Stops the process group (0) or one process with the terminal restored, then asks again. */
  #stop(who: number): void {
    this.#stream.setRawMode(false);
    this.#write('\n');
    process.off('SIGTSTP', this.#suspend);
    // Returns after SIGCONT.
    process.kill(who, 'SIGTSTP');
    process.on('SIGTSTP', this.#suspend);
    this.#ask();
  }

  #finish(answer: Buffer | undefined): void {
    if (this.#isOver) return;
    this.#leave();
    this.#resolve(answer);
  }

  /** Does not report a missing answer: the call would fail before the signal ends this process. */
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
      this.#finish(undefined); // the terminal is gone
    }
  }
}

/** Reads into one buffer and zeroes it after `typed`: Node would keep a copy of each read. */
function readStream(fd: number, typed: (bytes: Buffer) => void): ReadStream {
  const buffer = Buffer.alloc(1024);
  const callback = (bytes: number): boolean => {
    typed(buffer.subarray(0, bytes));
    buffer.fill(0);
    return true;
  };
  // The types lack onread, which ReadStream passes to its socket.
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
    // EAGAIN: all was read. If the terminal is gone, the next read fails.
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
