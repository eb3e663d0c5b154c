/** Makes text of others (a server, a proxy, a file name) safe for a terminal. */

/** Controls, separators, overrides of text direction, which disguise a line. U+200E and U+200F are text. */
const ACTED_ON =
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Escapes as vis(3) does (`\033`), which ssh uses, or as `\u202e`. */
export function printable(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(ACTED_ON, shown);
}

/** Keeps CR LF, which `printable` turns into LF. */
export function printableWords(text: string): string {
  return text.split('\r\n').map(printable).join('\r\n');
}

export function printableLine(text: string): string {
  return printable(text)
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .join(' ');
}

function shown(character: string): string {
  const code = character.charCodeAt(0);
  return code > 0xff
    ? `\\u${code.toString(16).padStart(4, '0')}`
    : `\\${code.toString(8).padStart(3, '0')}`;
}
