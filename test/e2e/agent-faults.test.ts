/** A failure inside the agent ends at most one call: a log that cannot be written, an unhandled error. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startAgent } from '../support/agent-process.ts';
import { runCli } from '../support/cli.ts';
import { alive, signal, until } from '../support/process.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';
import { poolStats } from '../support/stats.ts';

interface Status {
  readonly logLinesDropped: number;
  readonly unexpectedErrors: number;
}

async function status(sandbox: Sandbox): Promise<Status> {
  const { stdout } = await runCli(sandbox, ['agent', 'status', '--json']);
  return JSON.parse(stdout.toString()) as Status;
}

/** Makes the agent log a line: it disconnects a caller that violates the protocol. */
function breakProtocol(sandbox: Sandbox): Promise<void> {
  return new Promise((resolve) => {
    const socket = createConnection(sandbox.path('run', 'agent.sock'));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    socket.write(Buffer.alloc(64));
  });
}

describe.skipIf(!haveSshd())('the agent', () => {
  it.runIf(existsSync('/dev/full'))(
    'keeps twenty commands running if the disk of its log is full, and counts the dropped lines',
    async () => {
      await using sandbox = createSandbox();
      const sshd = await startSshd(sandbox);
      const pid = await startAgent(sandbox, { log: '/dev/full' });
      const go = sandbox.path('go');
      const wait = `while ! test -e ${go}; do sleep 1; done; exit 7`;
      const calls = Array.from({ length: 20 }, () =>
        runCli(sandbox, ['exec', '-F', sshd.config(), 'box', wait], { timeoutMs: 120_000 }),
      );
      await until(
        async () => (await poolStats(sandbox)).totals.activeSessions === 20,
        'twenty commands run',
        60_000,
      );
      const before = (await status(sandbox)).logLinesDropped;
      await breakProtocol(sandbox);
      expect((await status(sandbox)).logLinesDropped).toBeGreaterThan(before);
      const shown = await runCli(sandbox, ['agent', 'status']);
      expect(shown.stdout.toString()).toMatch(/^log .*, \d+ line\(s\) not written$/m);
      writeFileSync(go, '');
      for (const done of await Promise.all(calls))
        expect(done).toMatchObject({ code: 7, stderr: '' });
      expect(alive(pid)).toBe(true);
    },
  );

  it('logs and counts an unhandled error, and keeps the running commands', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const before = `
      process.on('SIGUSR2', () => {
        Promise.reject(new Error('rejected'));
        throw new Error('thrown');
      });`;
    const pid = await startAgent(sandbox, { before });
    const go = sandbox.path('go');
    const wait = `while ! test -e ${go}; do sleep 1; done; exit 7`;
    const call = runCli(sandbox, ['exec', '-F', sshd.config(), 'box', wait]);
    await until(
      async () => (await poolStats(sandbox)).totals.activeSessions === 1,
      'the command runs',
    );
    signal(pid, 'SIGUSR2');
    await until(async () => (await status(sandbox)).unexpectedErrors === 2, 'both are counted');
    writeFileSync(go, '');
    expect(await call).toMatchObject({ code: 7, stderr: '' });
    const log = readFileSync(sandbox.path('run', 'agent.log'), 'utf8');
    expect(log).toMatch(/^\S+ unexpected error: Error: thrown at .*before\.cjs.*$/m);
    expect(log).toMatch(/^\S+ unexpected error: Error: rejected at .*before\.cjs.*$/m);
    const shown = await runCli(sandbox, ['agent', 'status']);
    expect(shown.stdout.toString()).toMatch(/^errors +2 unexpected, see the log$/m);
  });
});
