/** What a server says beside the point: its banner, and what it explains before its questions. */
import type { SshOptions } from '../config/ssh-options.ts';
import { printable } from '../base/printable.ts';

/** For the whole of a login; ssh has this limit for each banner (sshconnect2.c). */
const MAX_CHARACTERS = 65_536;

/** Shows it to the person, line by line, as LogLevel says and up to a limit. */
export function serverWords(
  { showsServerWords }: SshOptions,
  note: (text: string) => void,
): (text: string) => void {
  let left = showsServerWords ? MAX_CHARACTERS : 0;
  return (text) => {
    if (left === 0 || text === '') return;
    const shown = text.slice(0, left);
    left -= shown.length;
    for (const line of printable(shown).replace(/\n$/, '').split('\n')) note(line);
  };
}
