import { expect, test } from 'vitest';
import { parseJump } from '../../../../src/config/ssh-config/jump.ts';

test.each([
  ['b', { before: '', user: undefined, host: 'b', port: undefined }],
  ['u@b:22', { before: '', user: 'u', host: 'b', port: '22' }],
  ['u@x@b:22', { before: '', user: 'u@x', host: 'b', port: '22' }],
  ['ssh://u@b:22', { before: '', user: 'u', host: 'b', port: '22' }],
  ['ssh://b/', { before: '', user: undefined, host: 'b', port: undefined }],
  ['[::1]', { before: '', user: undefined, host: '::1', port: undefined }],
  ['u@[::1]:22', { before: '', user: 'u', host: '::1', port: '22' }],
  ['a,ssh://b:1,c', { before: 'a,ssh://b:1', user: undefined, host: 'c', port: undefined }],
])('the jump host %s is parsed', (text, jump) => {
  expect(parseJump(text)).toEqual(jump);
});

test.each(['', 'a,', '::1', 'u@', 'b:x'])('%j is refused', (text) => {
  expect(() => parseJump(text)).toThrow(/is not of the form \[USER@\]HOST\[:PORT\]/);
});
