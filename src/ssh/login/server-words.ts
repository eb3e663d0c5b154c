/** Text that a server sends for the user: its banner, and the explanations before its prompts. */
import type { SshOptions } from '../../config/ssh-config/options.ts';
import { printableWords } from '../../base/printable.ts';
import type { Note } from '../link/prompts.ts';
import { isAtLeast } from '../link/ssh-version.ts';

/** The limit for a whole login; ssh has it for each banner (sshconnect2.c). */
const MAX_CHARACTERS = 65_536;

export interface ServerWords {
  /** Unchanged: its last line may lack a line feed. */
  readonly banner: (text: string) => void;
  readonly explain: (text: string) => Promise<void>;
}

/** For two connections to the same server, of which the second does not repeat the banner of the first. */
export function notTwice(note: Note): { readonly first: Note; readonly second: Note } {
  const shown = new Set<string>();
  return {
    first: (text, of) => {
      if (of === 'banner') for (const line of linesOf(text)) shown.add(line);
      note(text, of);
    },
    second: (text, of) => {
      const isAgain =
        shown.size > 0 && linesOf(text).every((line) => line === '' || shown.has(line));
      if (!isAgain) note(text, of);
    },
  };
}

const linesOf = (text: string): string[] => text.split('\n').map((line) => line.trimEnd());

/** Shows text as ssh does at this LogLevel. `version` is that of `ssh -V`. */
export function serverWords(
  { showsServerWords }: SshOptions,
  note: Note,
  version: () => Promise<string>,
): ServerWords {
  let left = MAX_CHARACTERS;
  const within = (text: string): string => {
    const shown = text.slice(0, left);
    left -= shown.length;
    return printableWords(shown);
  };
  return {
    banner: (text) => {
      const shown = showsServerWords ? within(text) : '';
      if (shown !== '') note(shown, 'banner');
    },
    explain: async (text) => {
      const shown = within(text);
      if (shown === '') return;
      if (isAtLeast(await version(), 10, 3)) return note(`${shown}\n`, 'words');
      // Before 10.3 it was an entry of ssh's log, which ends with a carriage return, too.
      if (showsServerWords) note(`${shown}\r`);
    },
  };
}
