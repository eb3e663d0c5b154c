/**
 * Words of others (a server, a proxy, a file's name), made fit for a terminal: no escape sequences of
 * their own. SshpoolError does it for every message, the agent for every note to a caller.
 */

/**
 * The controls C0 and C1 but line ends and tabs; the separators that some terminals take for line ends;
 * and what turns the direction of the text around it (Unicode's embeddings, overrides and isolates),
 * by which a line may look like another. The marks U+200E and U+200F are plain text, and stay.
 */
const ACTED_ON =
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** What a terminal would act on is shown: as vis(3) has it (`\033`), which ssh uses, or as `\u202e`. */
export function printable(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(ACTED_ON, shown);
}

/** The same for what is shown just as it is but for that: with the ends of its lines. */
export function printableWords(text: string): string {
  return text.split('\r\n').map(printable).join('\r\n');
}

/** The same on one line, as an error is. */
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
