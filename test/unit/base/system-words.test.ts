import { constants } from 'node:os';
import { expect, test } from 'vitest';
import { systemWords } from '../../../src/base/system-words.ts';

const { errno } = constants;
const failing = (number: number): Error => Object.assign(new Error('x'), { errno: -number });

test.each([
  [errno.ECONNREFUSED, 'Connection refused'],
  [errno.EHOSTUNREACH, 'No route to host'],
  [errno.ENETUNREACH, 'Network is unreachable'],
  [errno.EADDRNOTAVAIL, 'Cannot assign requested address'],
  [errno.EISDIR, 'Is a directory'],
])('the message of error %d is that of strerror', (number, words) => {
  expect(systemWords(failing(number))).toBe(words);
});

test('an unknown error number has no message of the system', () => {
  expect(systemWords(new Error('x'))).toBeUndefined();
  expect(systemWords('x')).toBeUndefined();
});
