/** Match conditions on the command (case 4), compared with ssh of OpenSSH 10 or later. */
import { describe, expect, it } from 'vitest';
import { runCli, ssh, type Result } from '../support/cli.ts';
import { createSandbox } from '../support/sandbox.ts';
import { haveSshd, sshIsAtLeast, startSshd } from '../support/sshd.ts';

const seen = ({ code, stdout, stderr }: Result): unknown => [code, String(stdout), stderr];

describe.skipIf(!haveSshd() || !sshIsAtLeast(10, 0))('a Match block', () => {
  it.each([
    ['of the command that is run', 'Match command "echo *"', 'echo $MATCHED'],
    ['of another command', 'Match command "id *"', 'echo $MATCHED'],
    ['of commands', 'Match sessiontype exec', 'echo $MATCHED'],
    ['of shells', 'Match sessiontype shell', 'echo $MATCHED'],
  ])('%s is in force as with ssh, over both links', async (_, match, command) => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox, { options: { AcceptEnv: 'MATCHED' } });
    const words = ['-F', sshd.config(`${match}\n  SetEnv MATCHED=yes`), 'box', command];
    const expected = seen(await ssh(sandbox, words));
    expect(seen(await runCli(sandbox, ['ssh', ...words]))).toEqual(expected);
    expect(seen(await runCli(sandbox, ['exec', ...words]))).toEqual(expected);
    await runCli(sandbox, ['agent', 'stop', '--force']);
    const env = { SSH_POOL_LINK: 'openssh' };
    expect(seen(await runCli(sandbox, ['ssh', ...words], { env }))).toEqual(expected);
    expect(seen(await runCli(sandbox, ['exec', ...words], { env }))).toEqual(expected);
  });

  it.skipIf(!sshIsAtLeast(10, 1))(
    'that refuses the connection refuses this command alone',
    async () => {
      await using sandbox = createSandbox();
      const sshd = await startSshd(sandbox);
      const config = sshd.config('Match command "rm *"\n  RefuseConnection "no rm here"');
      expect((await runCli(sandbox, ['exec', '-F', config, 'box', 'true'])).code).toBe(0);
      const words = ['-F', config, 'box', 'rm', 'x'];
      expect(seen(await runCli(sandbox, ['ssh', ...words]))).toEqual(
        seen(await ssh(sandbox, words)),
      );
    },
  );
});
