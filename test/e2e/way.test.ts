/** The connection to a server: rekeying, source address, proxies, byte counts. */
import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { runCli, ssh } from '../support/cli.ts';
import { until } from '../support/process.ts';
import { startRelay } from '../support/relay.ts';
import { createSandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd, type Sshd } from '../support/sshd.ts';
import { poolStats } from '../support/stats.ts';

const sum = (of: Buffer): string => createHash('sha256').update(of).digest('hex');

/** Key exchanges in the log of the server. */
const exchanges = (sshd: Sshd): number =>
  [...sshd.log().matchAll(/SSH2_MSG_NEWKEYS received/g)].length;

describe.skipIf(!haveSshd())('RekeyLimit over ssh2', () => {
  const env = { SSH_POOL_LINK: 'ssh2' };

  it.each(['aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com', 'aes256-ctr'])(
    'renews the keys repeatedly, and loses no byte either way: %s',
    async (cipher) => {
      await using sandbox = createSandbox();
      const sshd = await startSshd(sandbox, { options: { LogLevel: 'DEBUG1' } });
      const config = sshd.config(`RekeyLimit 1M\nCiphers ${cipher}`);
      const bytes = randomBytes(50_000_000);
      const stdin = { stdin: bytes, env };
      const done = await runCli(sandbox, ['exec', '-F', config, 'box', 'cat'], stdin);
      expect([done.code, sum(done.stdout)]).toEqual([0, sum(bytes)]);
      // During each key exchange, more than the limit is sent with the old keys.
      expect(exchanges(sshd)).toBeGreaterThan(15);
      expect(sshd.logins()).toBe(1);
    },
  );

  it('counts incoming data, too', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox, { options: { LogLevel: 'DEBUG1' } });
    const args = ['-F', sshd.config('RekeyLimit 1M'), 'box', 'head -c 30000000 /dev/zero'];
    const done = await runCli(sandbox, ['exec', ...args], { env });
    expect(done.stdout.equals(Buffer.alloc(30_000_000))).toBe(true);
    expect(exchanges(sshd)).toBeGreaterThan(5);
  });

  it('renews the keys after a time, also on an idle connection', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox, { options: { LogLevel: 'DEBUG1' } });
    const config = sshd.config('RekeyLimit default 1s');
    await runCli(sandbox, ['exec', '-F', config, 'box', 'true'], { env });
    await until(() => exchanges(sshd) >= 3, 'keys were renewed twice');
    const done = await runCli(sandbox, ['exec', '-F', config, 'box', 'echo well']);
    expect([done.stdout.toString(), sshd.logins()]).toEqual(['well\n', 1]);
  });

  it('does not renew the keys if it is not set', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox, { options: { LogLevel: 'DEBUG1' } });
    const stdin = { stdin: randomBytes(5_000_000), env };
    await runCli(sandbox, ['exec', '-F', sshd.config(), 'box', 'cat'], stdin);
    expect(exchanges(sshd)).toBe(1);
  });
});

describe.skipIf(!haveSshd())('the source address of a connection', () => {
  it.each(['BindAddress 127.0.0.2', 'BindInterface lo', 'BindInterface lo\nBindAddress 127.0.0.3'])(
    'is the same as with ssh for %s',
    async (lines) => {
      await using sandbox = createSandbox();
      const sshd = await startSshd(sandbox);
      const args = ['-F', sshd.config(lines), 'box', 'echo ${SSH_CONNECTION%% *}'];
      const reference = await ssh(sandbox, args);
      const done = await runCli(sandbox, ['exec', ...args], { env: { SSH_POOL_LINK: 'ssh2' } });
      expect(done.stdout.toString()).toMatch(/^127\.0\.0\.[123]\n$/);
      expect(done.stdout.toString()).toBe(reference.stdout.toString());
    },
  );
});

describe.skipIf(!haveSshd())('a ProxyCommand', () => {
  it('has byte counts like any other connection', async () => {
    await using sandbox = createSandbox();
    const hop = await startSshd(sandbox, { name: 'hop' });
    const sshd = await startSshd(sandbox);
    const proxy = `ProxyCommand ssh -F ${sshd.config(hop.hostBlock)} -W %h:%p hop`;
    const config = sshd.config(`Host box\n${proxy}`);
    const bytes = randomBytes(1_000_000);
    await runCli(sandbox, ['exec', '-F', config, 'box', 'cat'], { stdin: bytes });
    const [row] = (await poolStats(sandbox)).connections;
    expect(row?.bytesIn).toBeGreaterThan(bytes.length);
    expect(row?.bytesOut).toBeGreaterThan(bytes.length);
  });
});

/** A proxy that writes to standard error when its input ends. */
const TELLING = `
  import { writeSync } from 'node:fs';
  import { connect } from 'node:net';
  const server = connect(Number(process.argv[3]), process.argv[2]);
  process.stdin.pipe(server).pipe(process.stdout);
  process.stdin.on('end', () => writeSync(2, 'it has left\\nwithout a word\\n'));
  process.on('SIGTERM', () => undefined);
  server.on('close', () => process.exit());
`;

describe.skipIf(!haveSshd())('a ProxyCommand of a connection that is given up for OpenSSH', () => {
  it('is not shown when that ends, because ssh would have made one connection', async () => {
    await using sandbox = createSandbox();
    // Longer than any packet that ssh2 reads.
    const Banner = sandbox.write('banner', 'of the dog\n'.repeat(4000));
    const sshd = await startSshd(sandbox, { options: { Banner } });
    const proxy = `ProxyCommand ${process.execPath} ${sandbox.write('proxy.mjs', TELLING)} %h %p`;
    const words = ['exec', '-F', sshd.config(`Host box\n${proxy}`), 'box', 'true'];
    const { code, stderr } = await runCli(sandbox, words);
    expect(code).toBe(0);
    expect(stderr).toContain('of the dog');
    expect(stderr).not.toContain('has left');
  });
});

/** A proxy that is as slow as one that waits for a browser login, or for a machine that wakes up. */
const slow = (sshd: Sshd, more = ''): string =>
  sshd.config(`ProxyCommand sh -c 'sleep 2; exec ssh -F ${sshd.config()} -W %h:%p box'\n${more}`);

describe.skipIf(!haveSshd())('a ProxyCommand that takes longer than the connect timeout', () => {
  it.each(['ssh2', 'openssh'])('is waited for, as by ssh: over %s', async (link) => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const env = { SSH_POOL_LINK: link, SSH_POOL_CONNECTION_TIMEOUT_MS: '1000' };
    const done = await runCli(sandbox, ['exec', '-F', slow(sshd), 'box', 'echo well'], { env });
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout.toString()).toBe('well\n');
  });

  it('is not waited for with ConnectTimeout, as by ssh', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const words = ['-F', slow(sshd, 'ConnectTimeout 1'), 'box', 'true'];
    const [ours, theirs] = [await runCli(sandbox, ['exec', ...words]), await ssh(sandbox, words)];
    expect([ours.code, theirs.code]).toEqual([255, 255]);
    expect(ours.stderr).toContain('no answer within 1000 ms');
  });
});

describe.skipIf(!haveSshd())('a host that answers late', () => {
  it('is left to ssh if ssh has no limit, and is reached', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    await using relay = await startRelay(sshd.port);
    relay.stall();
    const alias = `HostKeyAlias [127.0.0.1]:${sshd.port}`;
    const config = sshd.config(`Host box\nPort ${relay.port}\n${alias}`);
    const env = { SSH_POOL_CONNECTION_TIMEOUT_MS: '500' };
    const call = runCli(sandbox, ['ssh', '-F', config, 'box', 'echo well'], { env });
    await until(() => relay.accepted() >= 2, 'ssh tries it too');
    relay.resume();
    const done = await call;
    expect([done.code, done.stdout.toString()]).toEqual([0, 'well\n']);
  });
});
