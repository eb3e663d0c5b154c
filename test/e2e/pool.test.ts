/** stats, close and warm, and the limits of the pool. */
import { describe, expect, it } from 'vitest';
import { runCli, spawnCli } from '../support/cli.ts';
import { until } from '../support/process.ts';
import { startRelay } from '../support/relay.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd, type Sshd } from '../support/sshd.ts';
import { poolStats } from '../support/stats.ts';

/** A command that runs until its stdin ends; resolves once it runs. */
async function hold(sandbox: Sandbox, config: string, host = 'box', env = {}) {
  const child = spawnCli(sandbox, ['exec', '-F', config, host, 'echo up; cat'], { env });
  const ended = new Promise<unknown>((resolve) => child.once('close', resolve));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return { end: () => child.stdin.end(), ended };
}

const exec = (sandbox: Sandbox, sshd: Sshd, host = 'box') =>
  runCli(sandbox, ['exec', '-F', sshd.config(), host, 'true']);

describe.skipIf(!haveSshd())('the pool', () => {
  it('closes one host and leaves the others', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const config = sshd.config('Compression yes');
    await exec(sandbox, sshd);
    await runCli(sandbox, ['exec', '-F', config, 'box-2', 'true']);
    const closed = await runCli(sandbox, ['close', 'box']);
    expect(closed.stdout.toString()).toMatch(/^closed box \(.*\)\n$/);
    const { connections } = await poolStats(sandbox);
    expect(connections.map(({ target }) => target)).toEqual(['box-2']);
    expect((await runCli(sandbox, ['close', 'box'])).stderr).toBe(
      'sshpool: nothing to close for box\n',
    );
  });

  it('lets a running command end before its connection closes', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const held = await hold(sandbox, sshd.config());
    const closed = await runCli(sandbox, ['close', 'box']);
    expect(closed.stdout.toString()).toMatch(/^closing box \(.*\) after 1 running command\n$/);
    await exec(sandbox, sshd);
    expect(sshd.logins()).toBe(2);
    held.end();
    expect(await held.ended).toBe(0);
    await until(() => sshd.connections() === 1, 'the drained connection closes');
  });

  it('ends a running command with --force', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const held = await hold(sandbox, sshd.config());
    await runCli(sandbox, ['close', '--all', '--force']);
    expect(await held.ended).toBe(129);
    expect((await poolStats(sandbox)).connections).toEqual([]);
  });

  it('warms several hosts at once', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const config = sshd.config();
    const warmed = await runCli(sandbox, ['warm', '-F', config, 'box', 'nosuch.invalid']);
    expect(warmed.code).toBe(255);
    expect(warmed.stdout.toString()).toMatch(/^box: connected in \d+ ms\n$/);
    expect(warmed.stderr).toMatch(/^sshpool: nosuch\.invalid: Could not resolve hostname/);
    const done = await runCli(sandbox, ['exec', '--json', '-F', config, 'box', 'true']);
    expect(JSON.parse(done.stdout.toString())).toMatchObject({ reused: true, connectMs: 0 });
  });

  it('queues calls if the pool is full, then fails them as documented', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox, { options: { MaxSessions: '1' } });
    const env = { SSH_POOL_MAX_CONNECTIONS: '1', SSH_POOL_QUEUE_TIMEOUT_MS: '300' };
    const held = await hold(sandbox, sshd.config(), 'box', env);
    const done = await exec(sandbox, sshd);
    expect(done.code).toBe(255);
    expect(done.stderr).toBe(`sshpool: Connection pool exhausted for box:${sshd.port} (max: 1)\n`);
    held.end();
    await held.ended;
    expect((await exec(sandbox, sshd)).code).toBe(0);
  });

  it('opens a second connection where the server allows one session each', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox, { options: { MaxSessions: '1' } });
    const config = sshd.config();
    const held = await Promise.all([1, 2, 3].map(() => hold(sandbox, config)));
    const { totals } = await poolStats(sandbox);
    expect(totals).toMatchObject({ totalConnections: 3, activeSessions: 3 });
    for (const { end } of held) end();
    expect(await Promise.all(held.map(({ ended }) => ended))).toEqual([0, 0, 0]);
  });

  it('shares no connection between callers with different identities', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox, { userKeys: ['ed25519', 'rsa'] });
    for (const identity of sshd.identities) {
      await runCli(sandbox, ['exec', '-F', sshd.config(), '-i', identity, 'box', 'true']);
    }
    expect(sshd.logins()).toBe(2);
  });

  it('detects a dead network with its health checks', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const relay = await startRelay(sshd.port);
    sandbox.defer(() => relay.close());
    const config = sshd.config();
    const through = ['-p', String(relay.port), '-o', `HostKeyAlias=[127.0.0.1]:${sshd.port}`];
    const env = { SSH_POOL_HEALTH_CHECK_INTERVAL_MS: '100' };
    const args = ['exec', '-F', config, ...through, 'box', 'true'];
    await runCli(sandbox, args, { env });
    await until(
      async () => (await poolStats(sandbox)).totals.healthChecksPassed > 1,
      'checks pass',
    );
    relay.stall();
    await until(
      async () => (await poolStats(sandbox)).totals.totalConnections === 0,
      'it is removed',
    );
    expect((await poolStats(sandbox)).totals.healthCheckFailures).toBe(1);
    relay.resume();
    expect(await runCli(sandbox, args, { env })).toMatchObject({ code: 0, stderr: '' });
  });

  it('reports that there is not a connection to a host', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    await exec(sandbox, sshd);
    expect(await runCli(sandbox, ['stats', 'nothere.invalid'])).toMatchObject({
      code: 1,
      stderr: 'sshpool: no connection to nothere.invalid\n',
    });
  });

  it('shows a table that fits 80 columns and has no colours in a pipe', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    await exec(sandbox, sshd);
    const { stdout } = await runCli(sandbox, ['stats'], { env: { NO_COLOR: undefined } });
    const lines = stdout.toString().split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(stdout.toString()).not.toContain('\u001b');
    expect(stdout.toString()).toMatch(/reuse +0\.0% \(0 hits, 1 misses\)/);
  });
});

describe('bad input', () => {
  it.each([
    [['exec'], 2, 'no HOST'],
    [['exec', 'box'], 2, 'no command'],
    [['exec', '--jsno', 'box', 'ls'], 2, 'did you mean --json?'],
    [['exec', '--', '-oProxyCommand=x', 'ls'], 2, 'is not a valid HOST'],
    [['exec', '-F', 'nosuch', 'box', 'ls'], 255, "Can't open user config"],
    [
      ['exec', '-F', '/dev/null', 'nosuch.invalid', 'ls'],
      255,
      'Could not resolve hostname nosuch.invalid',
    ],
    [['exec', '-F', '/dev/null', '-p', '1', '127.0.0.1', 'ls'], 255, 'Connection refused'],
    [
      ['exec', '-F', '/dev/null', '--json', '-t', 'box', 'ls'],
      2,
      '--json and a terminal do not go together',
    ],
    [
      [
        'exec',
        '-F',
        '/dev/null',
        'box',
        'a'.repeat(100_000),
        'a'.repeat(100_000),
        'a'.repeat(100_000),
      ],
      255,
      'cannot be sent',
    ],
    [['stat'], 2, 'did you mean stats?'],
    [['agent', 'sart'], 2, 'did you mean start?'],
    [['close'], 2, 'either a HOST or --all'],
    [['stats', '--jsn'], 2, 'did you mean --json?'],
    [['completion', 'tcsh'], 2, 'bash, zsh, fish'],
  ])('%s is one clear line', async (args, code, words) => {
    await using sandbox = createSandbox();
    const done = await runCli(sandbox, args);
    expect(done.code).toBe(code);
    expect(done.stderr).toMatch(/^sshpool: [^\n]+\n$/);
    expect(done.stderr).toContain(words);
    expect(done.stdout.toString()).toBe('');
  });
});
