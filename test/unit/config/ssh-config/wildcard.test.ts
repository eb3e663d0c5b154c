import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  globRegex,
  isGlob,
  patternRegex,
  unescapeGlob,
} from '../../../../src/config/ssh-config/wildcard.ts';

test.each([
  ['LC_*', 'LC_ALL', true],
  ['LC_*', 'LC_', true],
  ['LC_*', 'XLC_ALL', false],
  ['L?NG', 'LANG', true],
  ['L?NG', 'LNG', false],
  ['a.b', 'axb', false],
  ['[a]', 'a', false],
])('the pattern %s on %s: %s', (pattern, text, matches) => {
  expect(patternRegex(pattern).test(text)).toBe(matches);
});

test.each([
  ['*.conf', 'a.conf', true],
  ['*', '.hidden', false],
  ['.*', '.hidden', true],
  ['[ab]*', 'b1', true],
  ['[!ab]*', 'b1', false],
  ['[]x]', ']', true],
  ['[0-9]', '5', true],
  ['\\*', '*', true],
  ['\\*', 'a', false],
  ['[9-0]', '5', false],
  ['[', '[', true],
])('the glob %s on %s: %s', (glob, name, matches) => {
  expect(globRegex(glob).test(name)).toBe(matches);
});

test('an escaped wildcard is not a glob', () => {
  expect(isGlob('a\\*')).toBe(false);
});

test('the backslash of an escape is removed', () => {
  expect(unescapeGlob('a\\*b')).toBe('a*b');
});

test('a pattern without wildcards matches itself only', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (text, other) => {
      const plain = text.replace(/[*?]/g, '');
      expect(patternRegex(plain).test(other)).toBe(plain === other);
      expect(patternRegex(plain).test(plain)).toBe(true);
    }),
  );
});

test('any text can be used as a glob', () => {
  const piece = fc.constantFrom('[', ']', '!', '^', '-', '\\', '*', '?', 'a', 'z', '{', ')', 'é');
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      expect(() => globRegex(pieces.join(''))).not.toThrow();
    }),
  );
});
