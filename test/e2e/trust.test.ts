/** Host keys that the pool trusts, and user keys that it offers, compared with ssh. */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { PassThrough, type Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { runCli, ssh } from '../support/cli.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd, type Sshd } from '../support/sshd.ts';

const run = (sandbox: Sandbox, sshd: Sshd, extra: string, command = 'true') =>
  runCli(sandbox, ['exec', '-F', sshd.config(extra), 'box', command]);

/** An input that ends after ssh has had time to receive the server's other host keys. */
function slowly(): Readable {
  const input = new PassThrough();
  setTimeout(() => input.end(), 1000).unref();
  return input;
}

/** Another host key of the same type for the server's name. */
function strangersKey(sandbox: Sandbox, name = 'stranger'): string {
  const file = sandbox.path(name);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
  const [type, key] = readFileSync(`${file}.pub`, 'utf8').split(' ');
  return `${type} ${key}`;
}

/** The known_hosts after ssh and after sshpool; `lines` makes the one before from the server's lines. */
async function updated(
  sandbox: Sandbox,
  lines: (server: string[], sshd: Sshd) => readonly string[],
  { extra = '', env = {} } = {},
): Promise<{ before: string; ours: string; theirs: string }> {
  const sshd = await startSshd(sandbox, { hostKeys: ['ed25519', 'rsa', 'ecdsa'] });
  const server = readFileSync(sshd.knownHosts, 'utf8').split(/(?<=\n)/);
  const before = lines(server, sshd).join('');
  const [ours, theirs] = [sandbox.write('ours', before), sandbox.write('theirs', before)];
  const config = (file: string): string =>
    sshd.config(`${extra}\nUserKnownHostsFile ${file}\nUpdateHostKeys yes`);
  await ssh(sandbox, ['-F', config(theirs), 'box', 'cat'], { stdin: slowly(), env });
  // By its end a connection has stored new host keys, if it stores any.
  await runCli(sandbox, ['exec', '-F', config(ours), 'box', 'sleep 4'], { env });
  return { before, ours: readFileSync(ours, 'utf8'), theirs: readFileSync(theirs, 'utf8') };
}

describe.skipIf(!haveSshd())('host keys', () => {
  it.each(['yes', 'accept-new', 'ask', 'no'])(
    'refuses a changed key under StrictHostKeyChecking %s',
    async (strict) => {
      await using sandbox = createSandbox();
      const sshd = await startSshd(sandbox);
      const known = sandbox.write('known', `[127.0.0.1]:${sshd.port} ${strangersKey(sandbox)}\n`);
      const extra = `UserKnownHostsFile ${known}\nStrictHostKeyChecking ${strict}`;
      const done = await run(sandbox, sshd, extra);
      expect(done.code).toBe(255);
      expect(done.stderr).toMatch(
        /^sshpool: Host key verification failed: .* is not the one in .*known:1 .*\n$/,
      );
      expect(await sshd.logAfterLogins()).not.toMatch(/Accepted|Failed/);
    },
  );

  it('refuses a revoked key', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const line = readFileSync(sshd.knownHosts, 'utf8');
    const known = sandbox.write('known', `${line}@revoked ${line.replace(/^\S+/, '*')}`);
    const done = await run(sandbox, sshd, `UserKnownHostsFile ${known}`);
    expect(done.code).toBe(255);
    expect(done.stderr).toMatch(/marked as revoked/);
  });

  it('learns the other keys of a server as ssh does (UpdateHostKeys)', async () => {
    await using sandbox = createSandbox();
    const { before, ours, theirs } = await updated(sandbox, ([first = '']) => [first]);
    expect(ours).toBe(theirs);
    expect(ours.split('\n')).toHaveLength(before.split('\n').length + 2);
  });

  it.each(['ask', 'accept-new'])(
    'learns the other keys as ssh does if the first was accepted under %s',
    async (strict) => {
      await using sandbox = createSandbox();
      const program = sandbox.write('yes', '#!/bin/sh\necho yes\n');
      chmodSync(program, 0o700);
      const env = { SSH_ASKPASS: program, SSH_ASKPASS_REQUIRE: 'force' };
      const extra = `StrictHostKeyChecking ${strict}`;
      const { ours, theirs } = await updated(sandbox, () => [], { extra, env });
      expect(ours).toBe(theirs);
      expect(ours.split('\n').length - 1).toBe(strict === 'ask' ? 3 : 1);
    },
  );

  it('removes a key that the server no longer has, as ssh does (UpdateHostKeys)', async () => {
    await using sandbox = createSandbox();
    const { before, ours, theirs } = await updated(sandbox, ([first = '', ...rest], { port }) => [
      ...[`# ours\nother.example ${strangersKey(sandbox, 'other')}\n`],
      ...[`[127.0.0.1]:${port} ${strangersKey(sandbox, 'old')}\n`, first, ...rest],
    ]);
    expect(ours).toBe(theirs);
    expect(before.split('\n').length - ours.split('\n').length).toBe(1);
    expect(readFileSync(sandbox.path('ours.old'), 'utf8')).toBe(before);
  });

  it.concurrent.each<[string, (server: string[], sshd: Sshd, other: string) => string[]]>([
    ['by a pattern', ([first = '']) => [first.replace(/^\S+/, '[127.*]:*')]],
    ['by three names', ([first = '']) => [first.replace(/^\S+/, '$&,a,b')]],
    [
      'under another name, too',
      ([first = '', second = '']) => [first, second.replace(/^\S+/, 'other')],
    ],
    [
      'and has an old key that another host has as well',
      ([first = ''], { port }, other) => [first, `other ${other}\n[127.0.0.1]:${port} ${other}\n`],
    ],
    ['without its port', ([first = '']) => [first.replace(/^\S+/, '127.0.0.1')]],
    [
      'with a revoked key',
      ([first = ''], { port }, other) => [first, `@revoked [127.0.0.1]:${port} ${other}\n`],
    ],
  ])('learns no key of a host that is known %s, like ssh', async (_, lines) => {
    await using sandbox = createSandbox();
    const { before, ours, theirs } = await updated(sandbox, (server, sshd) =>
      lines(server, sshd, strangersKey(sandbox)),
    );
    expect([ours, theirs]).toEqual([before, before]);
  });

  it('learns no keys with UpdateHostKeys no', async () => {
    await using sandbox = createSandbox();
    const { before, ours } = await updated(sandbox, ([first = '']) => [first], {
      extra: 'UpdateHostKeys no',
    });
    expect(ours).toBe(before);
  });

  it('refuses an unknown key under yes, and says what to do', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const done = await run(sandbox, sshd, `UserKnownHostsFile ${sandbox.path('none')}`);
    expect(done.code).toBe(255);
    expect(done.stderr).toMatch(
      /no ED25519 host key is known .*StrictHostKeyChecking=accept-new\n$/,
    );
  });

  it('refuses an unknown key under ask if there is no terminal', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const extra = `UserKnownHostsFile ${sandbox.path('none')}\nStrictHostKeyChecking ask`;
    const args = ['exec', '-F', sshd.config(extra), 'box', 'true'];
    // setsid: without a controlling terminal, wherever the tests themselves run.
    const child = spawn('setsid', ['-w', process.execPath, 'bin/sshpool.js', ...args], {
      env: sandbox.env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(255);
    expect(stderr).toMatch(/there is no terminal to ask on, or no answer/);
    await runCli(sandbox, ['agent', 'stop', '--force']);
  });

  it.each(['accept-new', 'no'])(
    'remembers an unknown key under %s, as ssh says it',
    async (strict) => {
      await using sandbox = createSandbox();
      const sshd = await startSshd(sandbox);
      const known = sandbox.path('known');
      const extra = `UserKnownHostsFile ${known}\nStrictHostKeyChecking ${strict}\nHashKnownHosts yes`;
      const done = await run(sandbox, sshd, extra);
      expect(done.stderr).toBe(
        `Warning: Permanently added '[127.0.0.1]:${sshd.port}' (ED25519) to the list of known hosts.\r\n`,
      );
      expect(readFileSync(known, 'utf8')).toMatch(/^\|1\|/);
      await runCli(sandbox, ['close', 'box']);
      expect(await run(sandbox, sshd, `UserKnownHostsFile ${known}`)).toMatchObject({
        code: 0,
        stderr: '',
      });
    },
  );

  it('finds the key of a HostKeyAlias', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const line = readFileSync(sshd.knownHosts, 'utf8').replace(/^\S+/, 'the-alias');
    const known = sandbox.write('known', line);
    const extra = `UserKnownHostsFile ${known}\nHostKeyAlias the-alias`;
    expect(await run(sandbox, sshd, extra)).toMatchObject({ code: 0, stderr: '' });
  });

  it('prefers the algorithm of the key that is known', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox, { hostKeys: ['ed25519', 'ecdsa', 'rsa'] });
    const lines = readFileSync(sshd.knownHosts, 'utf8').split('\n');
    const known = sandbox.write('known', `${lines.find((line) => line.includes('ssh-rsa'))}\n`);
    expect(await run(sandbox, sshd, `UserKnownHostsFile ${known}`)).toMatchObject({
      code: 0,
      stderr: '',
    });
  });
});

describe.skipIf(!haveSshd())('user keys', () => {
  it.each([
    ['ed25519', 'RFC4716'],
    ['ecdsa', 'RFC4716'],
    ['rsa', 'RFC4716'],
    ['ecdsa', 'PEM'],
    ['rsa', 'PEM'],
    ['ecdsa', 'PKCS8'],
    ['rsa', 'PKCS8'],
  ])('logs in with a key of type %s in the format %s', async (type, format) => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox, { userKeys: ['ed25519', 'ecdsa', 'rsa'] });
    const identity = sshd.identities.find((file) => file.includes(type)) ?? '';
    if (format !== 'RFC4716') {
      execFileSync('ssh-keygen', ['-q', '-p', '-N', '', '-P', '', '-m', format, '-f', identity]);
    }
    const done = await run(sandbox, sshd, `IdentityFile ${identity}`);
    expect(done).toMatchObject({ code: 0, stderr: '' });
  });

  it.each(['ed25519', 'ecdsa', 'rsa'] as const)(
    'logs in with a key of type %s that a key agent holds',
    async (type) => {
      await using sandbox = createSandbox();
      const sshd = await startSshd(sandbox, { userKeys: [type] });
      const [identity = ''] = sshd.identities;
      const socket = sandbox.path('ka');
      const agent = spawn('ssh-agent', ['-D', '-a', socket], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      sandbox.defer(async () => void agent.kill());
      await new Promise((resolve) => agent.stdout.once('data', resolve));
      execFileSync('ssh-add', ['-q', identity], { env: { ...sandbox.env, SSH_AUTH_SOCK: socket } });
      // The private key cannot be read any more; only its .pub file names the key.
      writeFileSync(identity, 'no key');
      chmodSync(identity, 0o600);
      const args = ['exec', '-F', sshd.config(`IdentityFile ${identity}`), 'box', 'true'];
      const done = await runCli(sandbox, args, { env: { SSH_AUTH_SOCK: socket } });
      expect(done).toMatchObject({ code: 0, stderr: '' });
    },
  );

  it('reports the authentication methods if no key is accepted', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const other = sandbox.path('other');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', other]);
    const config = sandbox.write(
      'cfg',
      sshd.hostBlock.replace(/IdentityFile .*/, `IdentityFile ${other}`),
    );
    const done = await runCli(sandbox, ['exec', '-F', config, 'box', 'true']);
    expect(done.code).toBe(255);
    expect(done.stderr).toMatch(/^sshpool: .*Permission denied \(publickey.*\).*\n$/);
  });

  it('does not use a key that others may read, as ssh does', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    chmodSync(sshd.identities[0] ?? '', 0o644);
    const done = await run(sandbox, sshd, '');
    expect(done.code).toBe(255);
    expect(done.stderr).toMatch(/bad permissions/);
  });
});
