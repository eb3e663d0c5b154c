/** Settings that are given while an agent runs have no effect: a note on the terminal says so. */
import { describe, expect, it } from 'vitest';
import { PROGRAM, runCli } from '../support/cli.ts';
import { createSandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';
import { haveTerminals, Terminal } from '../support/terminal.ts';

const env = { SSH_POOL_LINK: 'openssh' };

describe.skipIf(!haveSshd() || !haveTerminals())(
  'a setting that the running agent does not have',
  () => {
    it('is reported once on a terminal, and not in a file', async () => {
      await using sandbox = createSandbox();
      const config = (await startSshd(sandbox)).config();
      const words = ['exec', '-F', config, 'box', 'echo well'];
      await runCli(sandbox, words);
      const captured = await runCli(sandbox, words, { env });
      expect(captured).toMatchObject({ code: 0, stderr: '' });
      const terminal = Terminal.run(sandbox, [PROGRAM, ...words], env);
      await terminal.shows('sshpool: the running agent has other settings: SSH_POOL_LINK is auto;');
      await terminal.shows('well');
      expect(await terminal.ended).toBe(0);
      const again = Terminal.run(sandbox, [PROGRAM, ...words], env);
      await again.shows('well');
      expect(await again.ended).toBe(0);
      expect(again.screen).not.toContain('settings');
    });

    it('is also reported if a question is asked', async () => {
      await using sandbox = createSandbox();
      const sshd = await startSshd(sandbox);
      await runCli(sandbox, ['exec', '-F', sshd.config(), 'box', 'true']);
      const config = sshd.config(
        `UserKnownHostsFile ${sandbox.path('known')}\n StrictHostKeyChecking ask`,
      );
      const terminal = Terminal.run(
        sandbox,
        [PROGRAM, 'exec', '-F', config, 'box', 'echo well'],
        env,
      );
      await terminal.shows('continue connecting');
      terminal.type('yes\r');
      await terminal.shows('sshpool: the running agent has other settings: SSH_POOL_LINK is auto;');
      await terminal.shows('well');
      expect(await terminal.ended).toBe(0);
    });

    it('is not reported with LogLevel ERROR', async () => {
      await using sandbox = createSandbox();
      const config = (await startSshd(sandbox)).config();
      await runCli(sandbox, ['exec', '-F', config, 'box', 'true']);
      const words = ['ssh', '-o', 'LogLevel=ERROR', '-F', config, 'box', 'echo well'];
      const terminal = Terminal.run(sandbox, [PROGRAM, ...words], env);
      await terminal.shows('well');
      expect(await terminal.ended).toBe(0);
      expect(terminal.screen).not.toContain('settings');
    });
  },
);
