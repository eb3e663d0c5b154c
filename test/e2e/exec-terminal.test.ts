/** `sshpool exec` in a terminal: Ctrl-C and a closed terminal leave no command on the server. */
import { describe, expect, it } from 'vitest';
import { PROGRAM } from '../support/cli.ts';
import { alive, until } from '../support/process.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';
import { haveTerminals, Terminal } from '../support/terminal.ts';

/** Resolves once a remote command sleeps, with its pid on the server. */
async function sleeping(
  sandbox: Sandbox,
  options: readonly string[],
): Promise<{ terminal: Terminal; remote: number }> {
  const config = (await startSshd(sandbox)).config();
  const terminal = Terminal.run(sandbox, [
    ...[PROGRAM, 'exec', '-F', config, ...options, 'box', '--'],
    'echo "pid $$."; exec sleep 1000',
  ]);
  await terminal.shows('.');
  return { terminal, remote: Number(/pid (\d+)\./.exec(terminal.screen)?.[1]) };
}

describe.skipIf(!haveSshd() || !haveTerminals())('sshpool exec in a terminal', () => {
  it.each([
    ['without a remote terminal', []],
    ['with a remote terminal', ['-t']],
  ])('ends the remote command with Ctrl-C %s', async (_what, options) => {
    await using sandbox = createSandbox();
    const { terminal, remote } = await sleeping(sandbox, options);
    expect(alive(remote)).toBe(true);
    terminal.type('\u0003');
    expect(await terminal.ended).toBe(130);
    await until(() => !alive(remote), 'the remote command ends');
  });

  it.each([
    ['without a remote terminal', []],
    ['with a remote terminal', ['-t']],
  ])('ends the remote command when its own terminal is closed, %s', async (_what, options) => {
    await using sandbox = createSandbox();
    const { terminal, remote } = await sleeping(sandbox, options);
    expect(alive(remote)).toBe(true);
    terminal.hangUp();
    await until(() => !alive(remote), 'the remote command ends');
  });
});
