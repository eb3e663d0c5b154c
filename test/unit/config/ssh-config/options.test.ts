import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { connectionKey, identityPaths } from '../../../../src/config/ssh-config/connection-key.ts';
import {
  readSshOptions,
  type OptionsContext,
  type SshOptions,
} from '../../../../src/config/ssh-config/options.ts';
import { parseTarget } from '../../../../src/config/command-line/target.ts';

/** Reads the options that an ssh printed for the host `web`. */
function read(printed: string, asked: Partial<OptionsContext> = {}): SshOptions {
  return readSshOptions(printed, {
    target: parseTarget('web'),
    configFile: undefined,
    cwd: '/cwd',
    account: { home: '/home/me', user: 'me', uid: 7, localHost: 'here' },
    env: { MINE: '/mine' },
    ...asked,
  });
}

test.each([
  ['userknownhostsfile /%h', { userKnownHostsFiles: ['/%h'] }],
  ['globalknownhostsfile /%h', { globalKnownHostsFiles: ['/%h'] }],
  ['remotecommand echo %h %% ${X}', { remoteCommand: 'echo %h %% ${X}' }],
  ['identityagent /%h', { identityAgent: { kind: 'path', path: '/%h' } }],
  ['forwardagent /%h', { forwardAgent: { kind: 'path', path: '/%h' } }],
  ['hostname %h', { hostname: '%h' }],
  ['hostkeyalias foobar', { hostKeyAlias: 'foobar' }],
])('the tokens of %s are not expanded', (line, options) => {
  expect(read(`${line}\n`)).toMatchObject(options);
});

test.each([
  ['identityfile ~/%h', { identityFiles: ['/home/me/web'] }],
  ['certificatefile ~/%h', { certificateFiles: ['/home/me/web'] }],
  ['proxycommand nc %h', { proxyCommand: 'nc web' }],
  ['proxyjump %h.gate', { proxyJump: 'web.gate' }],
])('the tokens of %s are expanded', (line, options) => {
  expect(read(`${line}\n`)).toMatchObject(options);
});

test.each([
  ['identityagent $MINE', { identityAgent: { kind: 'path', path: '/mine' } }],
  ['forwardagent $MINE', { forwardAgent: { kind: 'path', path: '/mine' } }],
  ['forwardagent $NOT_SET', { forwardAgent: { kind: 'none' } }],
  ['forwardagent yes', { forwardAgent: { kind: 'env' } }],
])('%s selects an agent', (line, options) => {
  expect(read(`${line}\n`)).toMatchObject(options);
});

test('~ in known hosts files of the user is expanded, and relative paths start at the current directory', () => {
  const { userKnownHostsFiles } = read('userknownhostsfile ~/a\n', { cwd: '/cwd' });
  expect(userKnownHostsFiles).toEqual(['/home/me/a']);
  expect(read('userknownhostsfile b\n').userKnownHostsFiles).toEqual(['/cwd/b']);
});

test.each([
  ['/a', ['/a']],
  ['/a /b', ['/a', '/b']],
  ['~/a', ['/home/me/a']],
  ['a', ['/cwd/a']],
])('RevokedHostKeys %s gives the files to compare', (printed, files) => {
  const options = read(`revokedhostkeys ${printed}\n`);
  expect(identityPaths(options)).toEqual(expect.arrayContaining(files));
});

// `ssh -G` prints the path unexpanded: it exits before the expansion (ssh.c, tilde_expand_paths).
test('known hosts files of the system may be below a home directory', () => {
  expect(read('globalknownhostsfile ~/a\n').globalKnownHostsFiles).toEqual(['/home/me/a']);
});

test('relative file names are listed as such, and no other names', () => {
  const printed = ['userknownhostsfile known /etc/known', 'globalknownhostsfile ./more'];
  const { relativeNames } = read(
    [...printed, 'identityfile keys/own', 'identityfile ~/b', ''].join('\n'),
  );
  expect([...relativeNames]).toEqual([
    ['/cwd/keys/own', 'keys/own'],
    ['/cwd/known', 'known'],
    ['/cwd/more', './more'],
  ]);
});

test('a known hosts file with a space in its path is found', () => {
  const dir = mkdtempSync(join(tmpdir(), 'sshpool options-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(join(dir, 'a b'));
  writeFileSync(join(dir, 'a b/kh'), '');
  const { userKnownHostsFiles } = read(`userknownhostsfile ${dir}/a b/kh /c\n`);
  expect(userKnownHostsFiles).toEqual([join(dir, 'a b/kh'), '/c']);
});

test.each(['u@gate:22', 'ssh://u@gate:22', 'x,y@gate', '[gate]:22'])(
  '%%j of ProxyJump %s is the host name only',
  (jump) => {
    const { identityFiles } = read(`proxyjump ${jump}\nidentityfile /%j\n`);
    expect(identityFiles).toEqual(['/gate']);
  },
);

test('a jump host is parsed before its tokens are expanded', () => {
  expect(read('hostname fe80::1\nproxyjump u@%h:1\n').jump).toMatchObject({ host: 'fe80::1' });
});

test('a user may have the name none', () => {
  expect(read('user none\n').user).toBe('none');
});

/** The connection key for the output of an ssh. */
const key = (printed: string, asked: Partial<OptionsContext> = {}, keyAgent = '/agent'): string =>
  connectionKey(read(printed, asked), { keyAgent });

test.each([
  ['certificatefile c', { cwd: '/a' }, { cwd: '/b' }],
  ['globalknownhostsfile k', { cwd: '/a' }, { cwd: '/b' }],
  ['userknownhostsfile k', { cwd: '/a' }, { cwd: '/b' }],
  ['identityfile k', { cwd: '/a' }, { cwd: '/b' }],
  ['forwardagent $X', { env: { X: '/a' } }, { env: { X: '/b' } }],
  ['identityagent $X', { env: { X: '/a' } }, { env: { X: '/b' } }],
  ['proxyjump gate', { configFile: '/a' }, { configFile: '/b' }],
])('%s with %j and with %j has another connection key', (line, one, other) => {
  expect(key(`${line}\n`, one)).not.toBe(key(`${line}\n`, other));
});

test('the configuration file alone does not change the connection key', () => {
  expect(key('port 1\n', { configFile: '/a' })).toBe(key('port 1\n', { configFile: '/b' }));
});

test.each(['none', '/own'])(
  "with IdentityAgent %s the caller's agent does not change the connection key",
  (agent) => {
    const printed = `identityagent ${agent}\n`;
    expect(key(printed, {}, '/a')).toBe(key(printed, {}, '/b'));
  },
);

test.each([
  ['rekeylimit 1048576 3600', { bytes: 1_048_576, ms: 3_600_000 }],
  ['rekeylimit 0 0', { bytes: 0, ms: 0 }],
  ['port 22', { bytes: 0, ms: 0 }],
])('RekeyLimit is a number of bytes and a time: %s', (line, rekeyAfter) => {
  expect(read(`${line}\n`).rekeyAfter).toEqual(rekeyAfter);
});

test.each([
  ['batchmode yes\nserveraliveinterval 300\nserveralivecountmax 3', 0],
  ['batchmode yes\nserveraliveinterval 300\nserveralivecountmax 5', 300_000],
  ['batchmode yes\nserveraliveinterval 60\nserveralivecountmax 3', 60_000],
  ['batchmode no\nserveraliveinterval 300\nserveralivecountmax 3', 300_000],
])(
  '%j sends a keep-alive every %i ms: the interval that Debian adds to BatchMode does not count',
  (lines, ms) => {
    expect(read(`${lines}\n`).serverAliveIntervalMs).toBe(ms);
  },
);
