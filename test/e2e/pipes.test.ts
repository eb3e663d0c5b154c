/** Configurations that are not regular files: ssh reads them, and the agent never waits for them (case 21). */
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PROGRAM, runCli, ssh } from '../support/cli.ts';
import { createSandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';

describe.skipIf(!haveSshd())('a configuration', () => {
  it.each(['ssh', 'exec'])('on standard input is read by ssh itself (%s)', async (command) => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const stdin = readFileSync(sshd.config());
    const words = ['-F', '/dev/stdin', 'box', 'echo through; exit 3'];
    const expected = await ssh(sandbox, words, { stdin });
    const ours = await runCli(sandbox, [command, ...words], { stdin });
    expect([ours.code, ours.stdout, ours.stderr]).toEqual([
      ...[expected.code, expected.stdout, expected.stderr],
    ]);
  });

  it('in a named pipe without a writer blocks that call only', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const config = sshd.config();
    await runCli(sandbox, ['exec', '-F', config, 'box', 'true']);
    const pipe = sandbox.path('pipe');
    execFileSync('mkfifo', [pipe]);
    const included = sandbox.write('including', `Include ${pipe}\n`);
    const stuck = [pipe, included].map((file) =>
      spawn(PROGRAM, ['ssh', '-F', file, 'box', 'true'], {
        env: { ...sandbox.env },
        stdio: 'ignore',
        // A process group, with the ssh that the Node client starts.
        detached: true,
      }),
    );
    try {
      for (let i = 0; i < 3; i += 1) {
        const { code } = await runCli(sandbox, ['exec', '-F', config, 'box', 'exit 3']);
        expect(code).toBe(3);
      }
      expect((await runCli(sandbox, ['agent', 'stop', '--force'])).code).toBe(0);
    } finally {
      for (const { pid } of stuck) if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    }
  });
});
