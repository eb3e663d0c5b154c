/** An error message contains no control characters, whatever server or program wrote parts of it. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../../../src/base/error-table.ts';
import { SshpoolError } from '../../../src/base/errors.ts';
import { createLog } from '../../../src/base/log.ts';
import { printableLine } from '../../../src/base/printable.ts';
import { FakeClock } from '../../support/clock.ts';

const ACTED_ON =
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/** Sequences that control a terminal. */
const SEQUENCES = {
  'clears the screen': '\u001b[2J\u001b[H',
  'sets the title': '\u001b]0;owned\u0007',
  'writes the clipboard': '\u001b]52;c;cm0gLXJm\u001b\\',
  'asks for an answer': '\u001b[6n\u001bP$q"p\u001b\\',
  'hides what follows': '\u001b[8m',
  'is a control of eight bits': '\u009b31m\u009d0;x\u009c',
  'goes back to the start of the line': 'no\rsshpool: all is well',
  'rubs out': 'no\b\b\u007f',
  'is a line of its own': 'no\nsshpool: all is well\r\n',
  'is a line of its own to Unicode': 'no\u2028yes\u2029',
  'turns the direction': '\u202etxt.exe\u202c\u2066x\u2069',
  'ends a text': 'a\u0000b',
} as const;

/** Data for any error code: each of its fields is `text`. */
function everyFieldIs(text: string): never {
  return new Proxy({}, { get: () => text }) as never;
}

describe('text of servers and programs in an error', () => {
  it.each(Object.entries(SEQUENCES))('is escaped if it %s', (_, text) => {
    for (const code of ERROR_CODES) {
      expect([code, SshpoolError.of(code, everyFieldIs(text)).message]).not.toEqual([
        code,
        expect.stringMatching(ACTED_ON),
      ]);
      expect(SshpoolError.received(code, text).message).not.toMatch(ACTED_ON);
    }
    expect(SshpoolError.from(new Error(text)).message).not.toMatch(ACTED_ON);
    expect(SshpoolError.from(text).message).not.toMatch(ACTED_ON);
  });

  it('is one line without control characters, whatever it contains', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ERROR_CODES), fc.string({ unit: 'binary' }), (code, text) => {
        expect(SshpoolError.of(code, everyFieldIs(text)).message).not.toMatch(ACTED_ON);
      }),
    );
  });

  it('stays unchanged if it is printable, in any script', () => {
    const plain =
      'Zugriff verweigert: caf\u00e9, \u05e9\u05dc\u05d5\u05dd\u200f, \u4f60\u597d \ud83d\ude00';
    expect(SshpoolError.of('PROTOCOL', { problem: plain }).message).toBe(
      `malformed message: ${plain}`,
    );
  });

  it('is escaped once, also if it came over the wire', () => {
    const { message } = SshpoolError.of('PROTOCOL', { problem: 'a\u001bb' });
    expect(SshpoolError.received('PROTOCOL', message).message).toBe('malformed message: a\\033b');
  });

  it('is handled fast if it is long and blank', () => {
    const begun = performance.now();
    expect(printableLine(' '.repeat(300_000))).toBe('');
    // Milliseconds; more than a minute if the time grows with the square of the length.
    expect(performance.now() - begun).toBeLessThan(10_000);
  });

  it('is one line in the log', () => {
    const lines: string[] = [];
    createLog(new FakeClock(), (line) => lines.push(line)).info('a\u001b[2J\r\nb\u009bc');
    expect(lines.join('')).toMatch(/^\S+Z a\\033\[2J b\\233c\n$/);
  });
});
