/** A wrong environment of the agent gives one clear line, and never an internal error. */
import { mkdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PROTOCOL } from '../../src/wire/protocol.ts';
import { runCli, spawnCli } from '../support/cli.ts';
import { startForeignAgent } from '../support/foreign-agent.ts';
import { createSandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';

/** fallback.test.ts tests the fallback to ssh. */
const env = { SSH_POOL_FALLBACK: 'off' };

describe('an agent of another protocol', () => {
  it.each([['stats'], ['agent', 'status'], ['close', '--all'], ['agent', 'stop', '--newer']])(
    'is named by %s %s',
    async (...words) => {
      await using sandbox = createSandbox();
      const newer = words.includes('--newer');
      await startForeignAgent(sandbox, newer ? PROTOCOL + 1 : PROTOCOL - 1);
      const done = await runCli(
        sandbox,
        words.filter((word) => word !== '--newer'),
      );
      expect(done.stderr).toMatch(/^sshpool: the running sshpool agent speaks protocol \d+ .*\n$/);
      expect(done.code).toBe(255);
    },
  );

  it('is stopped by agent stop if it is older', async () => {
    await using sandbox = createSandbox();
    const heard = await startForeignAgent(sandbox, PROTOCOL - 1);
    const done = await runCli(sandbox, ['agent', 'stop']);
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout.toString()).toBe('the agent of an older sshpool was told to stop\n');
    expect(heard).toContain('retire');
  });
});

describe('at the path of a file of the agent', () => {
  it.each(['agent.sock', 'agent.log'])('a directory %s is reported in one line', async (name) => {
    await using sandbox = createSandbox();
    mkdirSync(sandbox.path('run', name));
    for (const words of [
      ['agent', 'start'],
      ['exec', 'box', 'true'],
    ]) {
      const done = await runCli(sandbox, words, { env });
      expect(done.stderr).toMatch(/^sshpool: the sshpool agent did not start: .*directory.*\n$/);
      expect(done.stderr).toContain(name);
      expect(done.code).toBe(255);
    }
  });

  it('a file as the socket is replaced', async () => {
    await using sandbox = createSandbox();
    sandbox.write('run/agent.sock', 'no socket');
    expect(await runCli(sandbox, ['agent', 'start'])).toMatchObject({ code: 0, stderr: '' });
  });
});

describe.skipIf(!haveSshd())('agent stop --force', () => {
  it.each([
    ['exec', 129],
    ['ssh', 255],
  ])('says that it ended the command of %s', async (command, status) => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const child = spawnCli(sandbox, [command, '-F', sshd.config(), 'box', 'echo up; sleep 60']);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    const closed = new Promise((resolve) => child.once('close', resolve));
    await runCli(sandbox, ['agent', 'stop', '--force']);
    // The command gets SIGHUP; exec exits with 128 + 1.
    expect(await closed).toBe(status);
    expect(stderr).toBe(
      'sshpool: the sshpool agent was stopped by force, which ended this command\n',
    );
  });
});
