/** The escape character of a terminal, as -e and EscapeChar name it (ssh.c, readconf.c). */

/** One byte, or empty for `none`; undefined for an invalid value. */
export function parseEscapeChar(text: string): Buffer | undefined {
  if (text === 'none') return Buffer.alloc(0);
  const bytes = Buffer.from(text);
  if (bytes.length === 1) return bytes;
  const [caret, letter = 0] = bytes;
  const isControl = bytes.length === 2 && caret === 0x5e && letter >= 0x40 && letter < 0x80;
  return isControl ? Buffer.of(letter & 0x1f) : undefined;
}
