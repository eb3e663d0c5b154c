/** Whom the pool trusts and who it says it is: host keys and our own keys, as ssh has them. */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { PassThrough, type Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { runCli, ssh } from '../support/cli.ts';
import { until } from '../support/process.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd, type Sshd } from '../support/sshd.ts';

const run = (sandbox: Sandbox, sshd: Sshd, extra: string, command = 'true') =>
  runCli(sandbox, ['exec', '-F', sshd.config(extra), 'box', command]);

/** An input that ends when ssh has had the time to hear of the server's other keys. */
function slowly(): Readable {
  const input = new PassThrough();
  setTimeout(() => input.end(), 1000).unref();
  return input;
}

/** Another host key of the same type for the server's name. */
function strangersKey(sandbox: Sandbox): string {
  const file = sandbox.path('stranger');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
  const [type, key] = readFileSync(`${file}.pub`, 'utf8').split(' ');
  return `${type} ${key}`;
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
      expect(sshd.log()).not.toMatch(/Accepted|Failed/);
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
    const sshd = await startSshd(sandbox, { hostKeys: ['ed25519', 'rsa', 'ecdsa'] });
    const [line = ''] = readFileSync(sshd.knownHosts, 'utf8').split(/(?<=\n)/);
    const [ours, theirs] = [sandbox.write('ours', line), sandbox.write('theirs', line)];
    const config = (file: string): string =>
      sshd.config(`UserKnownHostsFile ${file}\nUpdateHostKeys yes`);
    await ssh(sandbox, ['-F', config(theirs), 'box', 'cat'], { stdin: slowly() });
    await runCli(sandbox, ['exec', '-F', config(ours), 'box', 'true']);
    await until(() => readFileSync(ours, 'utf8').split('\n').length === 4, 'all keys are known');
    expect(readFileSync(ours, 'utf8')).toBe(readFileSync(theirs, 'utf8'));
  });

  it('learns no keys where UpdateHostKeys says no, or the host is known by a pattern', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox, { hostKeys: ['ed25519', 'rsa'] });
    const [line = ''] = readFileSync(sshd.knownHosts, 'utf8').split(/(?<=\n)/);
    const [known, pattern] = [sandbox.write('a', line), line.replace(/^\S+/, '*')];
    const wild = sandbox.write('b', pattern);
    const off = `UserKnownHostsFile ${known}\nUpdateHostKeys no`;
    const on = `UserKnownHostsFile ${wild}\nUpdateHostKeys yes`;
    for (const extra of [off, on]) await run(sandbox, sshd, extra);
    // By then a connection that learns has done so.
    await run(sandbox, sshd, off, 'sleep 4');
    expect(readFileSync(known, 'utf8')).toBe(line);
    expect(readFileSync(wild, 'utf8')).toBe(pattern);
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

  it('refuses an unknown key under ask where there is no terminal', async () => {
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
    expect(stderr).toMatch(/there is no terminal to ask on/);
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
        `Warning: Permanently added '[127.0.0.1]:${sshd.port}' (ED25519) to the list of known hosts.\n`,
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

describe.skipIf(!haveSshd())('our keys', () => {
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
      // The private key itself cannot be read any more; only its public half says which one is meant.
      writeFileSync(identity, 'no key');
      chmodSync(identity, 0o600);
      const args = ['exec', '-F', sshd.config(`IdentityFile ${identity}`), 'box', 'true'];
      const done = await runCli(sandbox, args, { env: { SSH_AUTH_SOCK: socket } });
      expect(done).toMatchObject({ code: 0, stderr: '' });
    },
  );

  it('says what it tried where no key fits', async () => {
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

  it('leaves a key alone that others may read, as ssh does', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    chmodSync(sshd.identities[0] ?? '', 0o644);
    const done = await run(sandbox, sshd, '');
    expect(done.code).toBe(255);
    expect(done.stderr).toMatch(/bad permissions/);
  });
});
