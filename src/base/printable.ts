/**
 * Makes text of others (a server, a proxy, a file name) safe for a terminal: without escape sequences.
 * SshpoolError uses it for every message, the agent for every note to a caller.
 */

/**
 * The controls C0 and C1 except line ends and tabs; separators that some terminals treat as line ends;
 * and characters that change the text direction (Unicode's embeddings, overrides and isolates), which
 * can make a line look like another. The marks U+200E and U+200F are plain text, and stay.
 */
const ACTED_ON =
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Escapes what a terminal would interpret: as vis(3) has it (`\033`), which ssh uses, or as `\u202e`. */
export function printable(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(ACTED_ON, shown);
}

/** The same, but keeps line ends. */
export function printableWords(text: string): string {
  return text.split('\r\n').map(printable).join('\r\n');
}

/** The same on one line, for errors. */
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
