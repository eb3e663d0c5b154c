import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { printable } from '../../../src/base/printable.ts';

test('escape sequences of a server are shown escaped', () => {
  expect(printable('a\u001b[31mred\u0007')).toBe('a\\033[31mred\\007');
});

test('line ends and tabs stay, also those of other systems', () => {
  expect(printable('one\r\n\ttwo\n')).toBe('one\n\ttwo\n');
});

test('the result never contains control characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
      expect(printable(text)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
    }),
  );
});
