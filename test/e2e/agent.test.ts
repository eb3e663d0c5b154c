/** The life of the agent: the first call starts it, and it leaves no file and no process. */
import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCli, spawnCli } from '../support/cli.ts';
import { alive, until } from '../support/process.ts';
import { createSandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';
import { poolStats, stats } from '../support/stats.ts';

describe.skipIf(!haveSshd())('the agent', () => {
  it('is started once by fifty concurrent calls', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const args = ['exec', '-F', sshd.config(), 'box', 'true'];
    const calls = Array.from({ length: 50 }, () => runCli(sandbox, args, { timeoutMs: 50_000 }));
    for (const done of await Promise.all(calls))
      expect(done).toMatchObject({ code: 0, stderr: '' });
    const { totals } = await poolStats(sandbox);
    expect(totals.totalConnections).toBeLessThanOrEqual(5);
    expect(totals.poolHits + totals.poolMisses).toBe(50);
    const starts = await runCli(sandbox, ['agent', 'logs']);
    expect(starts.stdout.toString().match(/agent .* started/g)).toHaveLength(1);
  });

  it('holds no pipe of the call that starts it', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    // runCli waits for the end of both pipes, as $(...) does.
    const done = await runCli(sandbox, ['exec', '-F', sshd.config(), 'box', 'echo hi']);
    expect(done.stdout.toString()).toBe('hi\n');
    expect(await stats(sandbox)).not.toBeNull();
  });

  it('closes idle connections, then exits and leaves nothing behind', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const env = { SSH_POOL_IDLE_TIMEOUT_MS: '100', SSH_POOL_AGENT_IDLE_TIMEOUT_MS: '1500' };
    await runCli(sandbox, ['exec', '-F', sshd.config(), 'box', 'true'], { env });
    const { pid } = await poolStats(sandbox);
    await until(() => sshd.connections() === 0, 'the connection closes');
    expect(alive(pid)).toBe(true);
    await until(() => !alive(pid), 'the agent leaves');
    expect(readdirSync(sandbox.run)).toEqual(['agent.log']);
  });

  it('gives its callers one line when it is killed, and the next call works', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const config = sshd.config();
    const child = spawnCli(sandbox, ['exec', '-F', config, 'box', 'echo up; cat']);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const { pid } = await poolStats(sandbox);
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    process.kill(pid, 'SIGKILL');
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(255);
    expect(stderr).toMatch(/^sshpool: the sshpool agent ended unexpectedly; its log: .*\n$/);
    expect(await runCli(sandbox, ['exec', '-F', config, 'box', 'true'])).toMatchObject({
      code: 0,
      stderr: '',
    });
  });

  it('survives a restart of the server without a message', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const args = ['exec', '-F', sshd.config(), 'box', 'true'];
    await runCli(sandbox, args);
    await sshd.restart();
    expect(await runCli(sandbox, args)).toMatchObject({ code: 0, stderr: '' });
  });

  it('is not started by stats, close, status and stop', async () => {
    await using sandbox = createSandbox();
    for (const args of [['stats'], ['close', 'box'], ['close', '--all'], ['agent', 'stop']]) {
      expect(await runCli(sandbox, args)).toMatchObject({ code: 0 });
    }
    expect(await runCli(sandbox, ['agent', 'status'])).toMatchObject({ code: 1 });
    expect(existsSync(sandbox.path('run', 'agent.sock'))).toBe(false);
  });

  it('is not started with an invalid setting, which the error names', async () => {
    await using sandbox = createSandbox();
    const env = { SSH_POOL_MAX_CONNECTIONS: 'many' };
    const done = await runCli(sandbox, ['exec', 'box', 'true'], { env });
    expect(done.code).toBe(2);
    expect(done.stderr).toBe(
      'sshpool: SSH_POOL_MAX_CONNECTIONS=many is not valid: it must be a whole number from 1 to 1000\n',
    );
    expect(await stats(sandbox)).toBeNull();
  });

  it('is started, restarted and stopped by hand', async () => {
    await using sandbox = createSandbox();
    const first = await runCli(sandbox, ['agent', 'start']);
    expect(first.stdout.toString()).toMatch(/^agent started, pid \d+\n$/);
    expect((await runCli(sandbox, ['agent', 'start'])).stdout.toString()).toMatch(/runs already/);
    expect((await runCli(sandbox, ['agent', 'restart'])).code).toBe(0);
    const { pid } = await poolStats(sandbox);
    expect((await runCli(sandbox, ['agent', 'stop'])).stdout.toString()).toBe(
      `agent stopped, pid ${pid}\n`,
    );
    await until(() => !alive(pid), 'its process ends');
  });

  it('lets running commands end before it stops', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const child = spawnCli(sandbox, ['exec', '-F', sshd.config(), 'box', 'echo up; cat; exit 6']);
    const ended = new Promise((resolve) => child.once('close', resolve));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const stopped = runCli(sandbox, ['agent', 'stop']);
    await until(() => !existsSync(sandbox.path('run', 'agent.sock')), 'the socket goes first');
    child.stdin.end('x');
    expect(await ended).toBe(6);
    expect((await stopped).code).toBe(0);
  });

  it('ends running commands when it is stopped by force', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const child = spawnCli(sandbox, [
      'exec',
      '-F',
      sshd.config(),
      'box',
      'echo up; exec sleep 600',
    ]);
    const ended = new Promise((resolve) => child.once('close', resolve));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    expect((await runCli(sandbox, ['agent', 'stop', '--force'])).code).toBe(0);
    // The command gets SIGHUP, so that it does not stay on the server.
    expect(await ended).toBe(129);
  });

  it('serves in the foreground until a signal', async () => {
    await using sandbox = createSandbox();
    const child = spawnCli(sandbox, ['agent', 'run']);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await until(async () => (await stats(sandbox)) !== null, 'it serves');
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  it.each(['NODE_OPTIONS', 'LD_PRELOAD'])('does not run under %s', async (name) => {
    await using sandbox = createSandbox();
    const value = name === 'NODE_OPTIONS' ? '--no-warnings' : '/lib/none.so';
    const done = await runCli(sandbox, ['agent', 'run'], { env: { [name]: value } });
    expect(done.code).toBe(2);
    expect(done.stderr).toContain(`${name} is set, and would stay in the agent; unset it`);
  });

  it('refuses a directory that others may enter', async () => {
    await using sandbox = createSandbox();
    const { chmodSync } = await import('node:fs');
    chmodSync(sandbox.run, 0o755);
    const done = await runCli(sandbox, ['exec', 'box', 'true']);
    chmodSync(sandbox.run, 0o700);
    expect(done.code).toBe(255);
    expect(done.stderr).toMatch(/is not safe to use: other users have access/);
  });
});
