import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { nearest } from '../../../../src/config/command-line/nearest.ts';

test('a word with a missing letter matches the right one', () => {
  expect(nearest('--jsn', ['--fresh', '--json'])).toBe('--json');
});

test('two swapped letters count as one error', () => {
  expect(nearest('sp', ['ps'])).toBe('ps');
});

test('a short word does not match a different short word', () => {
  expect(nearest('ls', ['rm'])).toBeUndefined();
});

test('the nearest of several candidates is chosen', () => {
  expect(nearest('stat', ['start', 'stats', 'stat'])).toBe('stat');
});

test('an empty list gives no match', () => {
  expect(nearest('exec', [])).toBeUndefined();
});

test('a candidate always matches itself', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), (words) => {
      const [first = ''] = words;
      expect(nearest(first, words)).toBe(first);
    }),
  );
});
