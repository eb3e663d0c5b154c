import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { inspect, promisify } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import { SshConfig, type RunSsh } from '../../../../src/config/ssh-config/ssh-g.ts';
import { connectionKey } from '../../../../src/config/ssh-config/connection-key.ts';
import type { SshOptions } from '../../../../src/config/ssh-config/options.ts';
import { parseTarget } from '../../../../src/config/command-line/target.ts';
import { FakeClock } from '../../../support/clock.ts';

interface Setup {
  readonly dir: string;
  readonly file: string;
  /** The arguments of each run of ssh. */
  readonly runs: string[][];
  /** Replaces the configuration. */
  readonly write: (text: string) => void;
  readonly resolve: (
    target?: string,
    more?: Partial<Parameters<SshConfig['resolve']>[0]>,
  ) => Promise<SshOptions>;
}

const ENV = { PATH: process.env['PATH'] };

/** The real ssh with its own configuration file. */
function setUp(text: string): Setup {
  const dir = mkdtempSync(join(tmpdir(), 'sshpool-config-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'config');
  const write = (content: string): void => writeFileSync(file, content);
  write(text);
  const runs: string[][] = [];
  const run: RunSsh = async (args, { cwd, env }) => {
    runs.push([...args]);
    return promisify(execFile)('ssh', args, { cwd, env: { ...env } });
  };
  const config = new SshConfig({ clock: new FakeClock(), run });
  const resolve: Setup['resolve'] = (target = 'web', more = {}) =>
    config.resolve({
      target: parseTarget(target),
      sshArgs: ['-F', file],
      cwd: dir,
      env: ENV,
      ...more,
    });
  return { dir, file, runs, write, resolve };
}

test('the options of a host are those that ssh finds', async () => {
  const { resolve } = setUp('Host web\n HostName Real.example\n Port 2222\n User them\n');
  expect(await resolve()).toMatchObject({
    target: 'web',
    host: 'web',
    hostname: 'real.example',
    port: 2222,
    user: 'them',
  });
});

test('user and port of the target win over the configuration', async () => {
  const { resolve } = setUp('Host web\n Port 1\n User them\n');
  expect(await resolve('ssh://me@web:2')).toMatchObject({ user: 'me', port: 2 });
});

test('options on the command line win over the target', async () => {
  const { file, resolve } = setUp('');
  const sshArgs = ['-F', file, '-p', '3', '-l', 'other'];
  expect(await resolve('ssh://me@web:2', { sshArgs })).toMatchObject({ user: 'other', port: 3 });
});

test('a jump host with the name of a target has its own user and port', async () => {
  const { resolve } = setUp('Host web\n User me\n Port 2\n');
  const hop = { text: 'web', host: 'web', user: 'other', port: 3 };
  expect(await resolve('web')).toMatchObject({ user: 'me', port: 2 });
  expect(await resolve('web', { target: hop })).toMatchObject({ user: 'other', port: 3 });
});

test('an IPv6 address in an ssh:// target is resolved, although ssh itself refuses it', async () => {
  const { resolve } = setUp('');
  expect(await resolve('ssh://[::1]:2222')).toMatchObject({ hostname: '::1', port: 2222 });
});

test('an identity file has its tokens and variables expanded', async () => {
  const { resolve } = setUp('Host web\n HostName real\n IdentityFile ~/${SUB}/%h\n');
  const { identityFiles } = await resolve('web', { env: { ...ENV, SUB: 's' } });
  expect(identityFiles).toEqual([join(userInfo().homedir, 's/real')]);
});

test('a relative identity file is resolved from the directory of the caller', async () => {
  const { dir, resolve } = setUp('IdentityFile key\nIdentityFile none\n');
  expect((await resolve()).identityFiles).toEqual([join(dir, 'key')]);
});

test('a variable that is not set in an identity file is an error', async () => {
  const { resolve } = setUp('IdentityFile ${NOT_SET}/k\n');
  await expect(resolve()).rejects.toMatchObject({ code: 'SSH_CONFIG' });
});

test('an ssh that fails without a message is reported without its arguments', async () => {
  const { dir } = setUp('');
  writeFileSync(join(dir, 'ssh'), '#!/bin/sh\nexit 3\n', { mode: 0o700 });
  const asked = { target: parseTarget('web'), cwd: dir, env: { PATH: dir } };
  const failure: unknown = await new SshConfig({ clock: new FakeClock() })
    .resolve({ ...asked, sshArgs: ['-o', 'SetEnv=X=sesame'] })
    .catch((thrown: unknown) => thrown);
  expect(String(failure)).toContain('ssh -G failed without a word (exit status 3)');
  expect(inspect(failure)).not.toContain('sesame');
});

test('"none" means that there are no known hosts files', async () => {
  const { resolve } = setUp('UserKnownHostsFile none\nGlobalKnownHostsFile none\n');
  expect(await resolve()).toMatchObject({ userKnownHostsFiles: [], globalKnownHostsFiles: [] });
});

test.each([
  ['yes', 'yes'],
  ['no', 'no'],
  ['off', 'no'],
  ['ask', 'ask'],
  ['accept-new', 'accept-new'],
])('StrictHostKeyChecking %s is read as %s', async (word, value) => {
  const { resolve } = setUp(`StrictHostKeyChecking ${word}\n`);
  expect((await resolve()).strictHostKeyChecking).toBe(value);
});

test.each([
  ['', { kind: 'env' }],
  ['IdentityAgent SSH_AUTH_SOCK', { kind: 'env' }],
  ['IdentityAgent none', { kind: 'none' }],
  ['IdentityAgent /a/%h', { kind: 'path', path: '/a/web' }],
  ['IdentityAgent $MINE', { kind: 'path', path: '/mine' }],
  ['IdentityAgent $NOT_SET', { kind: 'none' }],
])('%j selects the key agent', async (line, choice) => {
  const { resolve } = setUp(`${line}\n`);
  const { identityAgent } = await resolve('web', { env: { ...ENV, MINE: '/mine' } });
  expect(identityAgent).toEqual(choice);
});

test.each([
  ['none', undefined],
  ['0', undefined],
  ['7', 7000],
  ['2m', 120_000],
])('ConnectTimeout %s is %s ms', async (text, ms) => {
  const { resolve } = setUp(`ConnectTimeout ${text}\n`);
  expect((await resolve()).connectTimeoutMs).toBe(ms);
});

test('a proxy command has its tokens expanded', async () => {
  const { resolve } = setUp('Host web\n HostName real\n ProxyCommand nc %h %p %%\n');
  expect((await resolve()).proxyCommand).toBe('nc real 22 %');
});

test('a SetEnv value may contain blanks and "="', async () => {
  const { resolve } = setUp('SetEnv A="b c" D=e=f\n');
  expect((await resolve()).setEnv).toEqual([
    ['A', 'b c'],
    ['D', 'e=f'],
  ]);
});

test('a removal from SendEnv is applied', async () => {
  const { resolve } = setUp('SendEnv LANG LC_*\nSendEnv -LC_*\n');
  expect((await resolve()).sendEnv).toEqual(['LANG']);
});

test('LogLevel is that of the user', async () => {
  const { resolve } = setUp('LogLevel ERROR\n');
  expect((await resolve()).all.get('loglevel')).toEqual(['ERROR']);
});

test('a second call is answered from the cache', async () => {
  const { resolve, runs } = setUp('Port 1\n');
  await resolve();
  await resolve();
  expect(runs).toHaveLength(1);
});

test('simultaneous calls share one run of ssh', async () => {
  const { resolve, runs } = setUp('Port 1\n');
  await Promise.all([resolve(), resolve(), resolve()]);
  expect(runs).toHaveLength(1);
});

test.each([
  ['another target', { target: parseTarget('db') }],
  ['another directory', { cwd: '/' }],
  ['another PATH', { env: { PATH: `${ENV.PATH}:/` } }],
])('%s needs a new run of ssh', async (_, more) => {
  const { resolve, runs } = setUp('Port 1\n');
  await resolve();
  await resolve('web', more);
  expect(runs).toHaveLength(2);
});

test('a changed file is read again', async () => {
  const { resolve, write } = setUp('Port 1\n');
  await resolve();
  write('Port 1234\n');
  expect((await resolve()).port).toBe(1234);
});

test('a change of the same length is noticed by its modification time', async () => {
  const { file, resolve, write } = setUp('Port 1\n');
  await resolve();
  write('Port 2\n');
  utimesSync(file, 1_000_000, 1_000_000);
  expect((await resolve()).port).toBe(2);
});

test('a changed included file is read again', async () => {
  const { dir, resolve } = setUp('');
  writeFileSync(join(dir, 'more'), 'Port 1\n');
  writeFileSync(join(dir, 'config'), `Include ${join(dir, 'more')}\n`);
  await resolve();
  writeFileSync(join(dir, 'more'), 'Port 1234\n');
  expect((await resolve()).port).toBe(1234);
});

test('an included file that appears is read', async () => {
  const { dir, resolve, write } = setUp('');
  write(`Include ${join(dir, 'more')}\n`);
  await resolve();
  writeFileSync(join(dir, 'more'), 'Port 1234\n');
  expect((await resolve()).port).toBe(1234);
});

test('a new file that a wildcard of Include matches is read', async () => {
  const { dir, resolve, write } = setUp('');
  mkdirSync(join(dir, 'd'));
  write(`Include ${join(dir, 'd')}/*.conf\n`);
  await resolve();
  writeFileSync(join(dir, 'd/a.conf'), 'Port 1234\n');
  expect((await resolve()).port).toBe(1234);
});

test('the program of Match exec is run again for each call', async () => {
  const { dir } = setUp('');
  const config = setUp(`Match exec "test -e ${join(dir, 'flag')}"\n User other\n`);
  const before = await config.resolve();
  writeFileSync(join(dir, 'flag'), '');
  expect(before.user).not.toBe('other');
  expect((await config.resolve()).user).toBe('other');
});

/** A fake ssh that prints only a port; counts its runs. */
function countingConfig(text: string): {
  ask: (more?: Partial<Parameters<SshConfig['resolve']>[0]>) => Promise<number>;
} {
  const { dir, file } = setUp(text);
  let count = 0;
  const config = new SshConfig({
    clock: new FakeClock(),
    run: () => {
      count++;
      return Promise.resolve({ stdout: 'port 22\n', stderr: '' });
    },
  });
  const target = parseTarget('web');
  const ask: ReturnType<typeof countingConfig>['ask'] = async (more = {}) => {
    await config.resolve({ target, sshArgs: ['-F', file], cwd: dir, env: ENV, ...more });
    return count;
  };
  return { ask };
}

// Not with the real ssh: 9.2 does not know localnetwork, and canonicalization sends network queries.
test.each([
  'Match localnetwork 192.0.2.0/24',
  'CanonicalizeHostname yes',
  'CanonicalizeHostname always',
])('an answer with %s is not cached', async (line) => {
  const { ask } = countingConfig(`${line}\n`);
  await ask();
  expect(await ask()).toBe(2);
});

test('an answer with CanonicalizeHostname no is cached', async () => {
  const { ask } = countingConfig('CanonicalizeHostname no\n');
  await ask();
  expect(await ask()).toBe(1);
});

test('an answer with CanonicalizeHostname on the command line is not cached', async () => {
  const { ask } = countingConfig('');
  const sshArgs = ['-F', 'none', '-o', 'CanonicalizeHostname=yes'];
  await ask({ sshArgs });
  expect(await ask({ sshArgs })).toBe(2);
});

test('a new file of -i is noticed', async () => {
  const { dir, file, resolve } = setUp('');
  const question = { sshArgs: ['-F', file, '-i', 'key'] };
  expect((await resolve('web', question)).identityFiles).not.toContain(join(dir, 'key'));
  writeFileSync(join(dir, 'key'), '');
  expect((await resolve('web', question)).identityFiles).toContain(join(dir, 'key'));
});

test('callers with different TERM share an answer', async () => {
  const { ask } = countingConfig('Port 1\n');
  await ask({ env: { ...ENV, TERM: 'a' } });
  expect(await ask({ env: { ...ENV, TERM: 'b' } })).toBe(1);
});

test.each([
  ['IdentityFile ${X}/k', []],
  ['IdentityAgent $X', []],
  ['Match exec "true"', []],
  ['', ['-o', 'IdentityFile=${X}/k']],
  ['', ['-i', '${X}/k']],
])('with %j and %j another environment needs a new run of ssh', async (line, more) => {
  const { ask } = countingConfig(`${line}\n`);
  const sshArgs = ['-F', 'config', ...more];
  await ask({ sshArgs, env: { ...ENV, X: '1' } });
  expect(await ask({ sshArgs, env: { ...ENV, X: '2' } })).toBe(2);
});

test('two alternating environments are both cached', async () => {
  const { ask } = countingConfig('IdentityAgent $X\n');
  await ask({ env: { ...ENV, X: '1' } });
  await ask({ env: { ...ENV, X: '2' } });
  expect(await ask({ env: { ...ENV, X: '1' } })).toBe(2);
});

test.each(['RemoteCommand=a\nproxycommand X', 'User=a\rb', 'User=a\0b'])(
  'an option with %j is refused before ssh runs',
  async (option) => {
    const { file, resolve, runs } = setUp('');
    const asked = resolve('web', { sshArgs: ['-F', file, '-o', option] });
    await expect(asked).rejects.toMatchObject({ code: 'USAGE' });
    expect(runs).toEqual([]);
  },
);

test('a variable with a line break is refused if ssh would print it', async () => {
  const { resolve } = setUp('UserKnownHostsFile /${X}\n');
  const asked = resolve('web', { env: { ...ENV, X: 'a\nproxycommand x' } });
  await expect(asked).rejects.toMatchObject({ code: 'SSH_CONFIG' });
});

test('a variable with a line break is kept if the shell of a command expands it', async () => {
  const { resolve } = setUp('ProxyCommand echo "${X}"\n');
  const asked = resolve('web', { env: { ...ENV, X: 'a\nb' } });
  expect((await asked).proxyCommand).toBe('echo "${X}"');
});

test('a relative file of -F is absolute in the options', async () => {
  const { file, resolve } = setUp('');
  expect((await resolve('web', { sshArgs: ['-F', 'config'] })).configFile).toBe(file);
});

test.each(['none', 'NONE'])('-F %s means no file', async (word) => {
  const { resolve } = setUp('');
  expect((await resolve('web', { sshArgs: ['-F', word] })).configFile).toBe('none');
});

test('the value of another option is not read as -F', async () => {
  const { resolve } = setUp('');
  const sshArgs = ['-F', 'none', '-i', '-F', '-4'];
  expect((await resolve('web', { sshArgs })).configFile).toBe('none');
});

test('a failure is not cached', async () => {
  const { resolve, write } = setUp('Nonsense x\n');
  await expect(resolve()).rejects.toThrow(/Bad configuration option/);
  write('Port 9\n');
  expect((await resolve()).port).toBe(9);
});

/** The class with the real ssh. */
const real = (sshArgs: readonly string[], env: Record<string, string | undefined> = ENV) =>
  new SshConfig({ clock: new FakeClock() }).resolve({
    target: parseTarget('web'),
    sshArgs,
    cwd: '/',
    env,
  });

test('a missing configuration file is reported in the words of ssh', async () => {
  const words = /^Can't open user config(uration)? file \/no\/such: No such file/;
  await expect(real(['-F', '/no/such'])).rejects.toThrow(words);
});

test('an invalid option is reported with its line', async () => {
  const { file } = setUp('Port 1\nNonsense x\n');
  await expect(real(['-F', file])).rejects.toThrow(
    /config: line 2: Bad configuration option: nonsense/,
  );
});

test("a caller without ssh in its PATH uses the ssh of the agent's PATH", async () => {
  expect(await real([], { PATH: '/nonexistent' })).toMatchObject({ target: 'web' });
});

test('a missing ssh is reported', async () => {
  vi.stubEnv('PATH', '/nonexistent');
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(real([], { PATH: '/nonexistent' })).rejects.toThrow(/ssh program was not found/);
});

test('a removed directory is reported', async () => {
  const { dir, file } = setUp('');
  const cwd = join(dir, 'gone');
  const asked = new SshConfig({ clock: new FakeClock() }).resolve({
    target: parseTarget('web'),
    sshArgs: ['-F', file],
    cwd,
    env: ENV,
  });
  await expect(asked).rejects.toThrow(`the working directory ${cwd} does not exist any more`);
});

test('two aliases with the same options have the same connection key', async () => {
  const { resolve } = setUp('Host a b\n HostName real\n');
  expect(connectionKey(await resolve('a'), {})).toBe(connectionKey(await resolve('b'), {}));
});

test.each([
  'HostName other',
  'Port 1',
  'User them',
  'IdentityFile /k',
  'HostKeyAlias x',
  'UserKnownHostsFile /k',
  'StrictHostKeyChecking yes',
  'ProxyCommand x',
  'ProxyJump x',
  'Ciphers aes128-ctr',
  'BindAddress 127.0.0.1',
  'AddressFamily inet',
  'ForwardAgent yes',
  'Compression yes',
  'IdentityAgent /s',
  'PubkeyAuthentication no',
])('%s gives another connection key', async (line) => {
  const { resolve } = setUp(`Host a\n ${line}\nHost *\n HostName real\n`);
  expect(connectionKey(await resolve('a'), {})).not.toBe(connectionKey(await resolve('b'), {}));
});

test.each([
  'SendEnv X',
  'SetEnv X=1',
  'RemoteCommand x',
  'RequestTTY yes',
  'LogLevel ERROR',
  // Debian's ssh would set ServerAliveInterval to 300 with BatchMode.
  'BatchMode yes\n ServerAliveInterval 0',
])('%s does not change the connection key', async (line) => {
  const { resolve } = setUp(`Host a\n ${line}\nHost *\n HostName real\n`);
  expect(connectionKey(await resolve('a'), {})).toBe(connectionKey(await resolve('b'), {}));
});

test('another key agent gives another connection key', async () => {
  const options = await setUp('').resolve();
  expect(connectionKey(options, { keyAgent: '/a' })).not.toBe(
    connectionKey(options, { keyAgent: '/b' }),
  );
});
