import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Escapes } from '../../../../src/client/terminal/escapes.ts';
import { bytes } from '../../../support/arbitrary.ts';

const TILDE = 0x7e;

/** The actions for the typed text; adjacent bytes are joined. */
function read(...typed: readonly (string | Buffer)[]): string[] {
  const escapes = new Escapes(TILDE);
  const parts: string[] = [];
  let data = '';
  for (const part of typed.flatMap((each) => escapes.read(Buffer.from(each)))) {
    if (typeof part !== 'string') {
      data += part.toString('latin1');
      continue;
    }
    if (data !== '') parts.push(data);
    parts.push(part);
    data = '';
  }
  return data === '' ? parts : [...parts, data];
}

describe('an escape character', () => {
  it.each([
    ['~.', ['disconnect']],
    ['~?', ['help']],
    ['~\u001a', ['suspend']],
    ['ls\r~.', ['ls\r', 'disconnect']],
    ['ls\n~.', ['ls\n', 'disconnect']],
    ['ls~.', ['ls~.']],
    ['~~', ['~']],
    // The doubled escape character is text: the next character is not at the beginning of the line.
    ['~~.', ['~.']],
    ['~~~.', ['~~.']],
    // An escape does not change whether the line has begun.
    ['~?~.', ['help', 'disconnect']],
    ['~x', ['~x']],
    ['~\r~.', ['~\r', 'disconnect']],
    ['~', []],
  ])('in %j gives %j', (typed, expected) => {
    expect(read(typed)).toEqual(expected);
  });

  it('has the same effect however the input is cut', () => {
    const typed = fc
      .array(fc.constantFrom('~', '.', '?', '\u001a', '\r', '\n', 'a', '\u00ff'))
      .map((characters) => Buffer.from(characters.join(''), 'latin1'));
    fc.assert(
      fc.property(typed, fc.array(fc.nat(20)), (text, cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), text.length];
        const pieces = places.map((from, index) => text.subarray(from, places[index + 1] ?? from));
        expect(read(...pieces)).toEqual(read(text));
      }),
    );
  });

  it('loses no byte of input without it', () => {
    fc.assert(
      fc.property(bytes(), (text) => {
        const without = Buffer.from(text.filter((byte) => byte !== TILDE));
        expect(read(without).join('')).toBe(without.toString('latin1'));
      }),
    );
  });

  it('is shown as a printable character', () => {
    const shown = new Escapes(0xa7).shown('suspend');
    expect(shown).toEqual(Buffer.from('\u00a7^Z [suspend ssh]\r\n', 'latin1'));
  });
});
