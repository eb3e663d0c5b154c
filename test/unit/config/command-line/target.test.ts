import * as fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { SshpoolError } from '../../../../src/base/errors.ts';
import {
  checkUser,
  parsePort,
  parseTarget,
  targetArgs,
} from '../../../../src/config/command-line/target.ts';

const USAGE: unknown = expect.objectContaining({ code: 'USAGE', exitCode: 2 });

/** The output of ssh -G for these words. */
const ask = (args: readonly string[]): string =>
  execFileSync('ssh', ['-G', '-F', 'none', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });

function outcome(text: string): string {
  try {
    return parseTarget(text).host === '' ? 'no host' : 'fine';
  } catch (error) {
    if (error instanceof SshpoolError) return error.code;
    throw error;
  }
}

test.each([
  ['web', { host: 'web' }],
  ['user@web', { user: 'user', host: 'web' }],
  ['a@b@web', { user: 'a@b', host: 'web' }],
  ['::1', { host: '::1' }],
  ['u@fe80::1%eth0', { user: 'u', host: 'fe80::1%eth0' }],
  ['ssh://web', { host: 'web' }],
  ['ssh://web/', { host: 'web' }],
  ['ssh://web:2222', { host: 'web', port: 2222 }],
  ['ssh://u@web:22/', { user: 'u', host: 'web', port: 22 }],
  ['ssh://u;x=1@web', { user: 'u', host: 'web' }],
  ['ssh://u%40corp@web', { user: 'u@corp', host: 'web' }],
  ['ssh://[::1]', { host: '::1' }],
  ['ssh://u@[fe80::1%eth0]:2222', { user: 'u', host: 'fe80::1%eth0', port: 2222 }],
  ['ssh://[fe80::1%25eth0]', { host: 'fe80::1%eth0' }],
  ['DOMAIN\\user@web', { user: 'DOMAIN\\user', host: 'web' }],
])('%s is parsed', (text, parts) => {
  expect(parseTarget(text)).toEqual({ text, ...parts });
});

test.each([
  '',
  '-oProxyCommand=x',
  'a b',
  'a\tb',
  'a\0b',
  'a\nb',
  '@web',
  'user@',
  'user@-web',
  '-x@web',
  'a\\@web',
  'ssh://',
  'ssh://web/path',
  'ssh://web:0',
  'ssh://web:65536',
  'ssh://@web',
  'ssh://[::1',
  'ssh://%ff@web',
  'ssh://[%00]',
])('%j is refused', (text) => {
  expect(() => parseTarget(text)).toThrow(USAGE);
});

test.each(Array.from('\'`"$\\;&<>|(){},'))('a host name with %s is refused', (character) => {
  expect(() => parseTarget(`we${character}b`)).toThrow(USAGE);
});

test.each(Array.from('\'`";&<>|(){}$'))('a user name with %s is refused', (character) => {
  expect(() => parseTarget(`us${character}er@web`)).toThrow(USAGE);
});

test('a user name with an option after white space is refused', () => {
  expect(() => checkUser('a -oX', 'a -oX@')).toThrow(USAGE);
});

test('the error shows control characters escaped', () => {
  expect(() => parseTarget('a\u001b[2Jb')).toThrow(/"a\\u001b\[2Jb" is not a valid HOST/);
});

test('any text is a target or a USAGE error', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((s) => `ssh://${s}`),
      ),
      (text) => {
        expect(outcome(text)).toMatch(/^(fine|USAGE)$/);
      },
    ),
  );
});

test('the arguments for ssh end with the host after "--"', () => {
  expect(targetArgs(parseTarget('ssh://u@[::1]:7'))).toEqual(['-l', 'u', '-p', '7', '--', '::1']);
});

test.each(['web', 'u@web', 'ssh://u@web:2222', 'ssh://web'])(
  'ssh reads the arguments for %s as it reads the text',
  (text) => {
    expect(ask(targetArgs(parseTarget(text)))).toBe(ask(['--', text]));
  },
);

test.each([
  ['22', 22],
  ['65535', 65535],
  ['0', undefined],
  ['65536', undefined],
  ['ssh', undefined],
  ['', undefined],
  ['2 2', undefined],
])('%j is port %s', (text, port) => {
  expect(parsePort(text)).toBe(port);
});
