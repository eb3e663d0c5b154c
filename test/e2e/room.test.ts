/** A call for which the pool has no free session: it does not wait without a message. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { PROGRAM, runCli, spawnCli } from '../support/cli.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd, type Sshd } from '../support/sshd.ts';
import { haveTerminals, Terminal } from '../support/terminal.ts';

const env = { SSH_POOL_MAX_CONNECTIONS: '1' };

/** A server with MaxSessions 2, and two commands that use both until their input ends. */
async function full(
  sandbox: Sandbox,
): Promise<{ sshd: Sshd; config: string; running: ChildProcessWithoutNullStreams[] }> {
  const sshd = await startSshd(sandbox, { options: { MaxSessions: '2' } });
  const config = sshd.config();
  const running = [1, 2].map(() =>
    spawnCli(sandbox, ['exec', '-F', config, 'box', 'echo up; cat'], { env }),
  );
  await Promise.all(
    running.map((child) => new Promise((resolve) => child.stdout.once('data', resolve))),
  );
  return { sshd, config, running };
}

describe.skipIf(!haveSshd())('a call that waits for a free session', () => {
  it('runs the real ssh with its own connection, for sshpool ssh', async () => {
    await using sandbox = createSandbox();
    const { sshd, config, running } = await full(sandbox);
    const done = await runCli(sandbox, ['ssh', '-F', config, 'box', 'echo well'], { env });
    expect([done.code, done.stdout.toString(), done.stderr]).toEqual([0, 'well\n', '']);
    expect(sshd.logins()).toBe(2);
    for (const child of running) child.stdin.end();
  });

  it.skipIf(!haveTerminals())('says so on a terminal, for exec, and is then served', async () => {
    await using sandbox = createSandbox();
    const { config, running } = await full(sandbox);
    const words = ['exec', '-F', config, 'box', 'echo well'];
    const terminal = Terminal.run(sandbox, [PROGRAM, ...words]);
    await terminal.shows('waiting for room: all connections to box are in use');
    for (const child of running) child.stdin.end();
    await terminal.shows('well');
    expect(await terminal.ended).toBe(0);
  });

  it('prints no message into a file', async () => {
    await using sandbox = createSandbox();
    const { config, running } = await full(sandbox);
    const call = runCli(sandbox, ['exec', '-F', config, 'box', 'echo well'], { env });
    const other = await runCli(sandbox, ['ssh', '-F', config, 'box', 'true'], { env });
    expect(other.code).toBe(0);
    for (const child of running) child.stdin.end();
    expect(await call).toMatchObject({ code: 0, stderr: '' });
  });
});
