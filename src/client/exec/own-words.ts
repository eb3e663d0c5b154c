/** Prints messages of the caller and the agent on standard error, or with -E in a file. */
import { openSync, writeSync } from 'node:fs';
import type { Last } from './result.ts';

export class OwnWords {
  readonly #print: (line: string) => void;
  #log: number | undefined;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  /** False if the file cannot be opened. */
  openLog(file: string): boolean {
    try {
      // As log_redirect_stderr_to (log.c).
      this.#log = openSync(file, 'a', 0o600);
      return true;
    } catch {
      return false; // ssh reports the reason
    }
  }

  say(line: string): void {
    if (this.#log === undefined) this.#print(line);
    else writeLog(this.#log, `${line}\n`);
  }

  end({ type, message = '', farewell = '' }: Ended): void {
    // ssh's message at the end of a session is its only one that is not a log entry.
    if (farewell !== '' && type === 'exited') this.#print(farewell);
    else if (farewell !== '') this.say(farewell);
    else if (message !== '') this.say(`sshpool: ${message}`);
  }
}

/** As ssh, ignores a failed write to the log. */
function writeLog(file: number, text: string): boolean {
  try {
    writeSync(file, text);
    return true;
  } catch {
    return false; // disk full, or the reader has closed
  }
}

type Ended = Partial<
  Pick<Extract<Last, { type: 'exited' | 'failed' }>, 'type' | 'message' | 'farewell'>
>;
