/** Questions put to the person at the controlling terminal, whatever the standard streams are. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';

/** The terminal of the person, for one question. */
export interface Terminal {
  readonly fd: number;
  close(): void;
}

/** Undefined where there is no controlling terminal. */
export function openTerminal(): Terminal | undefined {
  try {
    const fd = openSync('/dev/tty', 'r+');
    return { fd, close: () => closeSync(fd) };
  } catch {
    return undefined; // nobody to ask
  }
}

/** Asks, and lets go of the terminal; undefined where the person ended the input. */
export function askOnTerminal(
  { fd }: Terminal,
  text: string,
  echo: boolean,
): Promise<string | undefined> {
  writeSync(fd, printable(text));
  return readLine(fd, echo);
}

/** The server has a say in these texts: no control characters but the ends of lines. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '?');
}

const [CTRL_C, CTRL_D, BACKSPACE, DELETE, CTRL_U] = ['\u0003', '\u0004', '\b', '\u007f', '\u0015'];
/** While a question is open these would leave the terminal in its raw mode. */
const SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;

/** Calls `restore` when a signal comes; returns what takes that back. */
function onSignals(restore: () => void): () => void {
  const onSignal = (name: NodeJS.Signals): void => {
    restore();
    // Where nobody else listens it would have ended us.
    if (process.listenerCount(name) > 1) return;
    process.off(name, onSignal);
    process.kill(process.pid, name);
  };
  for (const name of SIGNALS) process.prependListener(name, onSignal);
  return () => {
    for (const name of SIGNALS) process.off(name, onSignal);
  };
}

/** Reads one line in raw mode, in which the echo is ours to give or not. */
function readLine(fd: number, echo: boolean): Promise<string | undefined> {
  const terminal = new ReadStream(fd);
  terminal.setRawMode(true);
  terminal.setEncoding('utf8');
  return new Promise((resolve) => {
    /** What was typed, in characters: a person takes back one of those. */
    let line: string[] = [];
    const restore = (): void => void terminal.setRawMode(false);
    const forget = onSignals(restore);
    const leave = (): void => {
      forget();
      restore();
      writeSync(fd, '\n');
      terminal.destroy();
    };
    const finish = (answer: string | undefined): void => {
      leave();
      resolve(answer);
    };
    const erase = (count: number): void => {
      const erased = line.splice(line.length - count, count);
      if (echo) writeSync(fd, '\b \b'.repeat(erased.length));
    };
    const edit = (character: string): void => {
      if (character === BACKSPACE || character === DELETE) erase(Math.min(1, line.length));
      else if (character === CTRL_U) erase(line.length);
      else {
        line = [...line, character];
        if (echo) writeSync(fd, character);
      }
    };
    terminal.on('data', (typed: string) => {
      for (const character of typed) {
        if (character === '\r' || character === '\n') return finish(line.join(''));
        if (character === CTRL_C) {
          // No answer, not even that there is none: the call would fail before the signal ends us.
          leave();
          process.kill(process.pid, 'SIGINT');
          return;
        }
        if (character === CTRL_D && line.length === 0) return finish(undefined);
        if (character !== CTRL_D) edit(character);
      }
    });
    // The terminal has gone, and with it the person.
    terminal.on('error', () => resolve(undefined));
    terminal.on('end', () => resolve(undefined));
  });
}
