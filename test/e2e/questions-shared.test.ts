/** Calls that wait for the same connect, one of which shows a prompt at its terminal. */
import { describe, expect, it } from 'vitest';
import { PROGRAM, runCli } from '../support/cli.ts';
import { lock } from '../support/lock-key.ts';
import { until } from '../support/process.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';
import { haveTerminals, Terminal } from '../support/terminal.ts';

const HOST_KEY = '(yes/no/[fingerprint])? ';

async function queued(sandbox: Sandbox, count: number): Promise<void> {
  await until(async () => {
    const { stdout } = await runCli(sandbox, ['stats', '--json']);
    const stats = JSON.parse(stdout.toString()) as { totals: { queued: number } } | null;
    return stats?.totals.queued === count;
  }, `${count} calls wait`);
}

describe.skipIf(!haveSshd() || !haveTerminals())('a prompt at one of several callers', () => {
  it('is answered for all of them, and not shown at the others', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const question = lock(sshd, 'open sesame');
    const args = ['exec', '-F', sshd.config(), 'box', 'echo through'];
    const terminal = Terminal.run(sandbox, [PROGRAM, ...args]);
    await terminal.shows(question);
    const others = [1, 2].map(() => runCli(sandbox, args, { apart: true }));
    await queued(sandbox, 3);
    terminal.type('open sesame\r');
    expect(await terminal.dialogue()).toBe(0);
    for (const { code, stdout, stderr } of await Promise.all(others)) {
      expect([code, stdout.toString(), stderr]).toEqual([0, 'through\n', '']);
    }
    expect(sshd.logins()).toBe(1);
  });

  it('that is answered with no fails that call; the others fail with their own reason', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const extra = `StrictHostKeyChecking ask\nUserKnownHostsFile ${sandbox.path('known')}`;
    const args = ['exec', '-F', sshd.config(extra), 'box', 'echo through'];
    const terminal = Terminal.run(sandbox, [PROGRAM, ...args]);
    await terminal.shows(HOST_KEY);
    const other = runCli(sandbox, args, { apart: true });
    await queued(sandbox, 2);
    terminal.type('no\r');
    expect(await terminal.dialogue()).toBe(255);
    expect(terminal.screen).toContain('you answered no');
    const { code, stderr } = await other;
    expect([code, stderr]).toEqual([
      255,
      expect.stringContaining('there is no terminal to ask on'),
    ]);
  });

  it('is shown to the next caller if the first has left', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const question = lock(sshd, 'open sesame');
    const words = [PROGRAM, 'exec', '-F', sshd.config(), 'box', 'echo through'];
    const first = Terminal.run(sandbox, words);
    await first.asks(question);
    const second = Terminal.run(sandbox, words);
    await queued(sandbox, 2);
    first.type('\u0003');
    expect(await second.dialogue([question, 'open sesame\r'])).toBe(0);
    expect(second.screen).toContain('through');
  });

  it('is shown once if all calls start at once', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const extra = `StrictHostKeyChecking ask\nUserKnownHostsFile ${sandbox.path('known')}`;
    const words = [PROGRAM, 'exec', '-F', sshd.config(extra), 'box', 'echo through'];
    const terminals = [1, 2, 3].map(() => Terminal.run(sandbox, words));
    const asked = (): Terminal[] => terminals.filter(({ screen }) => screen.includes(HOST_KEY));
    await until(() => asked().length > 0, 'one is asked');
    // The others wait for the answer.
    await queued(sandbox, 3);
    const [one] = asked();
    one?.type('yes\r');
    const codes = await Promise.all(terminals.map((terminal) => terminal.dialogue()));
    expect(codes).toEqual([0, 0, 0]);
    expect(asked()).toHaveLength(1);
    expect(sshd.logins()).toBe(1);
  });
});
