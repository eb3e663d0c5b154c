/** Edits a line as the terminal's line discipline does (termios(3)), which raw mode disables. */

/** In characters, not UTF-16 units: Backspace deletes a character. */
export type Line = readonly string[];

/** Encodes as UTF-8, never through one string, which would stay in memory. */
export function encodeLine(line: Line): Buffer {
  const bytes = Buffer.alloc(line.reduce((sum, one) => sum + Buffer.byteLength(one), 0));
  let at = 0;
  for (const character of line) at += bytes.write(character, at);
  return bytes;
}

/** The effect of a character; `shown` is its echo. */
export type Typed =
  | { readonly kind: 'line'; readonly line: Line; readonly shown: string }
  | { readonly kind: 'done' }
  /** End of input with nothing typed. */
  | { readonly kind: 'end' }
  | { readonly kind: 'signal'; readonly name: 'SIGINT' | 'SIGQUIT' | 'SIGTSTP' };

const SIGNALS: Readonly<Record<string, 'SIGINT' | 'SIGQUIT' | 'SIGTSTP' | undefined>> = {
  '\u0003': 'SIGINT',
  '\u001c': 'SIGQUIT',
  '\u001a': 'SIGTSTP',
};

export function typeInto(line: Line, character: string): Typed {
  const name = SIGNALS[character];
  if (name) return { kind: 'signal', name };
  switch (character) {
    case '\r':
    case '\n':
      return { kind: 'done' };
    case '\u0004': // Ctrl-D
      return line.length === 0 ? { kind: 'end' } : { kind: 'line', line, shown: '' };
    case '\b':
    case '\u007f': // the key Backspace
      return erase(line, line.length - 1);
    case '\u0015': // Ctrl-U
      return erase(line, 0);
    case '\u0017': // Ctrl-W: the last word
      return erase(
        line,
        line.slice(0, line.findLastIndex(isInWord) + 1).findLastIndex(isBlank) + 1,
      );
    case '\u0011': // Ctrl-Q and Ctrl-S: they would stop and resume the output
    case '\u0013':
      return { kind: 'line', line, shown: '' };
    default:
      return { kind: 'line', line: [...line, character], shown: echoOf(character) };
  }
}

const isBlank = (character: string): boolean => character === ' ' || character === '\t';
const isInWord = (character: string): boolean => !isBlank(character);

function erase(line: Line, from: number): Typed {
  const left = Math.max(from, 0);
  const places = line.slice(left).map((character) => (isControl(character) ? 2 : 1));
  const shown = '\b \b'.repeat(places.reduce((sum, one) => sum + one, 0));
  return { kind: 'line', line: line.slice(0, left), shown };
}

/** Shows control characters as `^X`: an arrow key must not move the cursor away. */
function echoOf(character: string): string {
  return isControl(character)
    ? `^${String.fromCharCode(character.charCodeAt(0) ^ 0x40)}`
    : character;
}

function isControl(character: string): boolean {
  return character < ' ' || (character >= '\u007f' && character < '\u00a0');
}
