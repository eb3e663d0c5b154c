/** Jump hosts: reached over the pool like any other host, and shared by all targets behind them. */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCli, spawnCli } from '../support/cli.ts';
import { freePort } from '../support/port.ts';
import { until } from '../support/process.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd, type Sshd, type SshdOptions } from '../support/sshd.ts';
import { poolStats } from '../support/stats.ts';

const sum = (of: Buffer): string => createHash('sha256').update(of).digest('hex');

/** A server, a bastion before it, and an ssh_config in which `box` and `box-2` are behind it. */
async function behind(
  sandbox: Sandbox,
  hopOptions: SshdOptions['options'] = {},
): Promise<{ box: Sshd; hop: Sshd; config: string }> {
  const hop = await startSshd(sandbox, { name: 'hop', options: hopOptions });
  const box = await startSshd(sandbox);
  // Calls to box-2, which has a HostKeyAlias, use another connection.
  const known = `Host box-2\nHostKeyAlias [127.0.0.1]:${box.port}\nHost box box-2\nProxyJump hop`;
  return { box, hop, config: box.config(`${hop.hostBlock}\n${known}`) };
}

describe.skipIf(!haveSshd())('a jump host', () => {
  it('is logged in to once, for all targets behind it and for itself', async () => {
    await using sandbox = createSandbox();
    const { box, hop, config } = await behind(sandbox);
    for (const host of ['box', 'box-2', 'hop', 'box']) {
      const done = await runCli(sandbox, ['exec', '-F', config, host, 'echo', host]);
      expect(done).toMatchObject({ code: 0, stderr: '' });
      expect(done.stdout.toString()).toBe(`${host}\n`);
    }
    expect([hop.logins(), box.logins()]).toEqual([1, 2]);
    const { connections } = await poolStats(sandbox);
    const bastion = connections.find(({ target }) => target === 'hop');
    expect(bastion).toMatchObject({ tunnels: 2, state: 'active' });
  });

  it('carries 30 MB both ways unchanged', async () => {
    await using sandbox = createSandbox();
    const { config } = await behind(sandbox);
    const bytes = randomBytes(30_000_000);
    const done = await runCli(sandbox, ['exec', '-F', config, 'box', 'cat'], { stdin: bytes });
    expect(sum(done.stdout)).toBe(sum(bytes));
    const box = (await poolStats(sandbox)).connections.find(({ target }) => target === 'box');
    expect(box?.bytesIn).toBeGreaterThan(bytes.length);
    expect(box?.bytesOut).toBeGreaterThan(bytes.length);
  });

  it('behind another jump host has one login, and so has the first', async () => {
    await using sandbox = createSandbox();
    const { box, hop, config } = await behind(sandbox);
    const step = await startSshd(sandbox, { name: 'step' });
    const two = sandbox.write('two', `${step.hostBlock}\nMatch all\nInclude ${config}\n`);
    for (const host of ['box', 'box-2']) {
      const done = await runCli(sandbox, ['exec', '-F', two, '-J', 'hop,step', host, 'echo up']);
      expect(done).toMatchObject({ code: 0, stderr: '' });
    }
    // A call to the hop uses its connection. A call to the step would not: it has another route.
    await runCli(sandbox, ['exec', '-F', two, 'hop', 'true']);
    expect([hop.logins(), step.logins(), box.logins()]).toEqual([1, 1, 2]);
    const { connections } = await poolStats(sandbox);
    const tunnels = connections.map(({ target, tunnels: count }) => [target, count]);
    expect(Object.fromEntries(tunnels)).toEqual({ hop: 1, step: 2, box: 0, 'box-2': 0 });
  });

  it('with a changed host key gets no login, and neither does the target behind it', async () => {
    await using sandbox = createSandbox();
    const { box, hop, config } = await behind(sandbox);
    const other = readFileSync(box.knownHosts, 'utf8').replace(`:${box.port}`, `:${hop.port}`);
    const known = sandbox.write('known', other);
    const bad = sandbox.write(
      'bad',
      `Host hop\nUserKnownHostsFile ${known}\nMatch all\nInclude ${config}\n`,
    );
    const done = await runCli(sandbox, ['exec', '-F', bad, 'box', 'true']);
    expect(done).toMatchObject({ code: 255 });
    expect(done.stderr).toMatch(/^sshpool: Host key verification failed: .*\n$/);
    expect([hop.logins(), box.logins()]).toEqual([0, 0]);
    expect(box.log()).not.toContain('Connection from');
  });

  it('that is down is named in the error', async () => {
    await using sandbox = createSandbox();
    const { hop, config } = await behind(sandbox);
    await hop.stop();
    const done = await runCli(sandbox, ['exec', '-F', config, 'box', 'true']);
    expect(done).toMatchObject({ code: 255 });
    expect(done.stderr).toBe(
      `sshpool: connect to host 127.0.0.1 port ${hop.port}: Connection refused\n`,
    );
  });

  it('reaches an IPv6 address', async () => {
    await using sandbox = createSandbox();
    const hop = await startSshd(sandbox, { name: 'hop' });
    const port = await freePort();
    const box = await startSshd(sandbox, { options: { ListenAddress: `[::1]:${port}` } });
    const alias = `HostKeyAlias [127.0.0.1]:${box.port}`;
    const there = `Host box\nHostName ::1\nPort ${port}\n${alias}\nProxyJump hop`;
    const config = box.config(`${hop.hostBlock}\n${there}`);
    const done = await runCli(sandbox, ['exec', '-F', config, 'box', 'echo $SSH_CONNECTION']);
    expect(done.stdout.toString()).toMatch(/^::1 \d+ ::1 \d+\n$/);
  });

  it('that is lost during a transfer ends it, and the next call reconnects', async () => {
    await using sandbox = createSandbox();
    const { hop, config } = await behind(sandbox);
    const running = spawnCli(sandbox, ['exec', '-F', config, 'box', 'cat /dev/zero']);
    const ended = new Promise((resolve) => running.once('close', resolve));
    let received = 0;
    running.stdout.on('data', (data: Buffer) => (received += data.length));
    await until(() => received > 10_000_000, 'the transfer runs');
    await hop.restart();
    expect(await ended).toBe(255);
    const done = await runCli(sandbox, ['exec', '-F', config, 'box', 'echo back']);
    expect(done.stdout.toString()).toBe('back\n');
  });

  it('that is lost ends the commands behind it, with one line', async () => {
    await using sandbox = createSandbox();
    const { hop, config } = await behind(sandbox);
    const running = spawnCli(sandbox, ['exec', '-F', config, 'box', 'echo up; cat']);
    let stderr = '';
    running.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    await until(() => running.stdout.read() as unknown, 'the command runs');
    const ended = new Promise((resolve) => running.once('close', resolve));
    await hop.stop();
    expect(await ended).toBe(255);
    expect(stderr).toMatch(/^sshpool: the connection to \S+ was lost: .*\n$/);
  });

  it('that forbids forwarding says so at once', async () => {
    await using sandbox = createSandbox();
    const { config } = await behind(sandbox, { AllowTcpForwarding: 'no' });
    const done = await runCli(sandbox, ['exec', '-F', config, 'box', 'true']);
    expect(done.code).toBe(255);
    expect(done.stderr).toMatch(/^sshpool: hop could not connect to 127\.0\.0\.1 port \d+: .*\n$/);
  });

  it('that would be reached through itself is refused', async () => {
    await using sandbox = createSandbox();
    const { config } = await behind(sandbox);
    const loop = sandbox.write(
      'loop',
      `Host a\nHostName a.invalid\nProxyJump b\nHost b\nHostName b.invalid\nProxyJump a\nInclude ${config}\n`,
    );
    const done = await runCli(sandbox, ['exec', '-F', loop, 'a', 'true']);
    expect(done).toMatchObject({ code: 255 });
    expect(done.stderr).toBe(
      'sshpool: a: its jump host a would be reached through itself; set ProxyJump none for it\n',
    );
  });

  it('in an endless chain is refused', async () => {
    await using sandbox = createSandbox();
    const endless = sandbox.write('endless', 'Host *\nProxyJump j%h\n');
    const done = await runCli(sandbox, ['exec', '-F', endless, 'a', 'true']);
    expect(done).toMatchObject({ code: 255 });
    expect(done.stderr).toMatch(
      /^sshpool: a: its jump host j+a would be reached through itself; .*\n$/,
    );
  });

  it('is closed by close --force, and so are the connections behind it', async () => {
    await using sandbox = createSandbox();
    const { config } = await behind(sandbox);
    await runCli(sandbox, ['exec', '-F', config, 'box', 'true']);
    await runCli(sandbox, ['close', '--force', 'hop']);
    await until(async () => (await poolStats(sandbox)).connections.length === 0, 'both are closed');
    const again = await runCli(sandbox, ['exec', '-F', config, 'box', 'echo back']);
    expect(again.stdout.toString()).toBe('back\n');
  });
});
