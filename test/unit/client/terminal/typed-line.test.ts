import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeLine,
  typeInto,
  type Line,
  type Typed,
} from '../../../../src/client/terminal/typed-line.ts';

/** Types the text; returns the line, the terminal's output and the effect of the last character. */
function typed(text: string): { line: string; shown: string; last: Typed['kind'] | undefined } {
  let line: Line = [];
  let [shown, last]: [string, Typed['kind'] | undefined] = ['', undefined];
  for (const character of text) {
    const result = typeInto(line, character);
    last = result.kind;
    if (result.kind !== 'line') break;
    line = result.line;
    shown += result.shown;
  }
  return { line: line.join(''), shown, last };
}

/** The visible line of a terminal after this output. */
function visible(shown: string): string {
  const cells: string[] = [];
  let at = 0;
  for (const character of shown) {
    if (character === '\b') at--;
    else cells[at++] = character;
  }
  return cells.join('').trimEnd();
}

describe('a typed line', () => {
  it.each([
    ['is what was typed', 'abc', 'abc'],
    ['takes back one character', 'ab\u007f', 'a'],
    ['takes back one that has two units of UTF-16', 'a😀\b', 'a'],
    ['takes back nothing where there is nothing', '\u007f\u007fa', 'a'],
    ['takes back all of it', 'ab cd\u0015e', 'e'],
    ['takes back a word', 'one two  \u0017', 'one '],
    ['takes back the only word', 'one\u0017', ''],
    ['keeps Ctrl-D out where something was typed', 'a\u0004b', 'ab'],
    ['keeps Ctrl-S and Ctrl-Q out', 'a\u0013\u0011b', 'ab'],
  ])('%s', (_, text, line) => {
    expect(typed(text)).toMatchObject({ line, last: 'line' });
  });

  it.each([
    ['\r', { kind: 'done' }],
    ['\n', { kind: 'done' }],
    ['\u0004', { kind: 'end' }],
    ['\u0003', { kind: 'signal', name: 'SIGINT' }],
    ['\u001c', { kind: 'signal', name: 'SIGQUIT' }],
    ['\u001a', { kind: 'signal', name: 'SIGTSTP' }],
  ])('ends with %j', (character, result) => {
    expect(typeInto([], character)).toEqual(result);
  });

  it('shows no raw control character', () => {
    expect(typed('a\u001b[A\u009b').shown).toBe('a^[[A^\u00db');
  });

  it('shows the current line after any editing', () => {
    const keys = fc.constantFrom('a', 'ß', '😀', ' ', '\u001b', '\u007f', '\b', '\u0015', '\u0017');
    fc.assert(
      fc.property(fc.array(keys), (text) => {
        const { line, shown } = typed(text.join(''));
        expect(visible(shown)).toBe(line.replaceAll('\u001b', '^[').trimEnd());
      }),
    );
  });
});

it('a line is sent in UTF-8', () => {
  expect(encodeLine(Array.from('schlüssel🗝')).toString()).toBe('schlüssel🗝');
  expect(encodeLine([])).toEqual(Buffer.alloc(0));
});
