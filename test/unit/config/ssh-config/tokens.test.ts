import * as fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { hostname, userInfo } from 'node:os';
import { expect, test } from 'vitest';
import { SshpoolError } from '../../../../src/base/errors.ts';
import {
  connectionHash,
  expand,
  expandPath,
  expandTilde,
  PATH_TOKENS,
  type TokenContext,
} from '../../../../src/config/ssh-config/tokens.ts';

const context: TokenContext = {
  account: { home: '/home/me', user: 'me', uid: 1000, localHost: 'box.example.org' },
  env: { DIR: '/d', EMPTY: '' },
  host: 'alias',
  hostname: 'real.example.org',
  port: 2222,
  user: 'them',
  jumpHost: 'bastion',
};
const rules = { option: 'IdentityFile', tokens: PATH_TOKENS, env: true };
const SSH_CONFIG: unknown = expect.objectContaining({ code: 'SSH_CONFIG' });

test.each([
  ['%%', '%'],
  ['%d', '/home/me'],
  ['%h', 'real.example.org'],
  ['%i', '1000'],
  ['%j', 'bastion'],
  ['%k', 'alias'],
  ['%L', 'box'],
  ['%l', 'box.example.org'],
  ['%n', 'alias'],
  ['%p', '2222'],
  ['%r', 'them'],
  ['%u', 'me'],
  ['${DIR}/k', '/d/k'],
  ['${EMPTY}', ''],
  ['%%h', '%h'],
  ['$DIR', '$DIR'],
])('%s stands for %s', (text, value) => {
  expect(expand(text, context, rules)).toBe(value);
});

test('%k is HostKeyAlias if it is set', () => {
  expect(expand('%k', { ...context, hostKeyAlias: 'other' }, rules)).toBe('other');
});

test('%C is 40 hex digits', () => {
  expect(expand('%C', context, rules)).toMatch(/^[0-9a-f]{40}$/);
});

test('%C is that of the installed ssh if there is no jump host', () => {
  const args = ['-G', '-F', 'none', '-o', 'ControlPath=/%C', '-p', '7', '-l', 'u', 'h'];
  const printed = execFileSync('ssh', args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const account = { ...context.account, localHost: hostname(), home: userInfo().homedir };
  const hash = connectionHash({
    ...context,
    account,
    hostname: 'h',
    port: 7,
    user: 'u',
    jumpHost: '',
  });
  expect(printed).toContain(`controlpath /${hash}\n`);
});

test.each(['%x', '%', 'a%'])('%j is refused as an unknown token', (text) => {
  expect(() => expand(text, context, rules)).toThrow(SSH_CONFIG);
});

test('a token that this option does not accept is refused', () => {
  expect(() => expand('%d', context, { ...rules, tokens: 'h' })).toThrow(SSH_CONFIG);
});

test.each(['${ABSENT}', '${DIR'])('%s is refused', (text) => {
  expect(() => expand(text, context, rules)).toThrow(SSH_CONFIG);
});

test('variables are not expanded for an option without variables', () => {
  expect(expand('${ABSENT}', context, { ...rules, env: false })).toBe('${ABSENT}');
});

test('tokens inside ${} are expanded if a shell expands the variables', () => {
  expect(expand('${a%%b} %h', context, { ...rules, env: false })).toBe('${a%b} real.example.org');
});

test('the value of a token is not expanded again', () => {
  const nasty = { ...context, hostname: '%u${DIR}', env: { DIR: '%h' } };
  expect(expand('%h ${DIR}', nasty, rules)).toBe('%u${DIR} %h');
});

test.each([
  ['~', '/home/me'],
  ['~/k', '/home/me/k'],
  ['~me/k', '/home/me/k'],
  ['~other/k', '/cwd/~other/k'],
  ['k', '/cwd/k'],
  ['/k', '/k'],
  ['a~/k', '/cwd/a~/k'],
])('the path %s is %s', (text, path) => {
  expect(expandTilde(text, context.account, '/cwd')).toBe(path);
});

test('a path has its tokens and variables expanded', () => {
  expect(expandPath('~/${DIR}/%h', context, { ...rules, cwd: '/cwd' })).toBe(
    '/home/me/d/real.example.org',
  );
});

test('a home directory with a % in its name stays unchanged', () => {
  const odd = { ...context, account: { ...context.account, home: '/home/%h' } };
  expect(expandPath('~/k', odd, { ...rules, cwd: '/' })).toBe('/home/%h/k');
});

test('text with doubled percent signs gives the original text', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const doubled = text.replaceAll('%', '%%');
      expect(expand(doubled, context, { ...rules, env: false })).toBe(text);
    }),
  );
});

function outcome(text: string): string {
  try {
    expand(text, context, rules);
    return 'fine';
  } catch (error) {
    if (error instanceof SshpoolError) return error.code;
    throw error;
  }
}

test('any text is expanded or refused with SSH_CONFIG', () => {
  const piece = fc.constantFrom('%', 'h', '$', '{', '}', 'DIR', '/', '~', 'é', '\n');
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      expect(outcome(pieces.join(''))).toMatch(/^(fine|SSH_CONFIG)$/);
    }),
  );
});
