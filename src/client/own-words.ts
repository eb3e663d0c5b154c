/** What a caller says in its own or the agent's words: on standard error, or with -E in a file. */
import { openSync, writeSync } from 'node:fs';
import type { Last } from './exec-result.ts';

export class OwnWords {
  readonly #print: (line: string) => void;
  #log: number | undefined;

  /** `print` puts a line on standard error. */
  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  /** Notes and failures go to the end of this file; false where it cannot be opened. */
  openLog(file: string): boolean {
    try {
      // As log_redirect_stderr_to (log.c).
      this.#log = openSync(file, 'a', 0o600);
      return true;
    } catch {
      return false; // ssh says why
    }
  }

  say(line: string): void {
    if (this.#log === undefined) this.#print(line);
    else writeLog(this.#log, `${line}\n`);
  }

  /** How the call ended, where there is something to say of it. */
  end({ type, message = '', farewell = '' }: Ended): void {
    // Of the words of ssh only those on the end of a session are no entry of its log.
    if (farewell !== '' && type === 'exited') this.#print(farewell);
    else if (farewell !== '') this.say(farewell);
    else if (message !== '') this.say(`sshpool: ${message}`);
  }
}

/** As ssh, which does not care whether its log could be written. */
function writeLog(file: number, text: string): boolean {
  try {
    writeSync(file, text);
    return true;
  } catch {
    return false; // its disk is full, or its reader has gone
  }
}

type Ended = Partial<
  Pick<Extract<Last, { type: 'exited' | 'failed' }>, 'type' | 'message' | 'farewell'>
>;
