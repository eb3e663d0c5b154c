import { expect, test } from 'vitest';
import { parseEscapeChar } from '../../../../src/config/command-line/escape-char.ts';

test.each([
  ['~', '7e'],
  ['^', '5e'],
  ['^X', '18'],
  ['^]', '1d'],
  ['^x', '18'],
  ['^@', '00'],
  ['none', ''],
])('EscapeChar %s gives a byte, or none', (text, hex) => {
  expect(parseEscapeChar(text)?.toString('hex')).toBe(hex);
});

test.each(['', 'ab', '^XY', '^1', 'é'])('%j is not an escape character', (text) => {
  expect(parseEscapeChar(text)).toBeUndefined();
});
