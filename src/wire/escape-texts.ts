/**
 * What a caller shows for each escape, in ssh's words (clientloop.c). `~` stands for the escape
 * character.
 */
export const ESCAPE_TEXTS = {
  // It is gone before it could be seen.
  disconnect: '',
  suspend: '~^Z [suspend ssh]\r\n',
  help:
    '~?\r\n' +
    'Supported escape sequences:\r\n' +
    ' ~.   - terminate session\r\n' +
    ' ~^Z  - suspend ssh\r\n' +
    ' ~?   - this message\r\n' +
    ' ~~   - send the escape character by typing it twice\r\n' +
    '(Note that escapes are only recognized immediately after newline.)\r\n',
} as const;
