/** The text of `~?`, as ssh prints it for a session that shares its connection (clientloop.c). */

const ESCAPE_HELP = [
  '~?',
  'Supported escape sequences:',
  ' ~.   - terminate session',
  ' ~^Z  - suspend ssh',
  ' ~?   - this message',
  ' ~~   - send the escape character by typing it twice',
  '(Note that escapes are only recognized immediately after newline.)',
  '',
].join('\r\n');

export function escapeHelp(character: string): string {
  return ESCAPE_HELP.replaceAll('~', () => character);
}
