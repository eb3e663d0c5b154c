/** Questions put to the person at the controlling terminal, whatever the standard streams are. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';

/** Asks on /dev/tty; undefined where there is no terminal, or the person ended the input. */
export function askOnTerminal(text: string, echo: boolean): Promise<string | undefined> {
  let fd: number;
  try {
    fd = openSync('/dev/tty', 'r+');
  } catch {
    return Promise.resolve(undefined); // no controlling terminal: nobody to ask
  }
  writeSync(fd, printable(text));
  return readLine(fd, echo);
}

/** The server has a say in these texts: no control characters but the ends of lines. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '?');
}

const [CTRL_C, CTRL_D, BACKSPACE, DELETE, CTRL_U] = ['\u0003', '\u0004', '\b', '\u007f', '\u0015'];

/** Reads one line in raw mode, in which the echo is ours to give or not. */
function readLine(fd: number, echo: boolean): Promise<string | undefined> {
  const terminal = new ReadStream(fd);
  terminal.setRawMode(true);
  terminal.setEncoding('utf8');
  return new Promise((resolve) => {
    let line = '';
    const finish = (answer: string | undefined): void => {
      terminal.setRawMode(false);
      writeSync(fd, '\n');
      terminal.destroy();
      resolve(answer);
    };
    const edit = (character: string): void => {
      if (character === BACKSPACE || character === DELETE) {
        if (line !== '' && echo) writeSync(fd, '\b \b');
        line = line.slice(0, -1);
      } else if (character === CTRL_U) {
        if (echo) writeSync(fd, '\b \b'.repeat(line.length));
        line = '';
      } else {
        line += character;
        if (echo) writeSync(fd, character);
      }
    };
    terminal.on('data', (typed: string) => {
      for (const character of typed) {
        if (character === '\r' || character === '\n') return finish(line);
        if (character === CTRL_C) {
          finish(undefined);
          process.kill(process.pid, 'SIGINT');
          return;
        }
        if (character === CTRL_D && line === '') return finish(undefined);
        if (character !== CTRL_D) edit(character);
      }
    });
    terminal.on('error', () => {
      closeSync(fd);
      resolve(undefined);
    });
  });
}
