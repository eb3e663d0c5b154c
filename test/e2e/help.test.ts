/** Help and --version: every command prints its help and does nothing else. */
import { symlinkSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { PROGRAM, runCli } from '../support/cli.ts';
import { createSandbox } from '../support/sandbox.ts';
import { stats } from '../support/stats.ts';

describe('help', () => {
  it.each([
    [['exec', '--help'], 'Usage: sshpool exec [options] HOST [--] CMD [ARG...]'],
    [['exec', '-h'], 'Usage: sshpool exec '],
    [['warm', '--help'], 'Usage: sshpool warm [options] HOST...'],
    [['wrap', '--help'], 'Usage: sshpool wrap [--] TOOL [ARG...]'],
    [['help', 'ssh'], 'Usage: sshpool ssh [ssh options] HOST [CMD [ARG...]]'],
    [['help', 'shell'], 'Usage: sshpool shell [options] HOST'],
    [['close', '--help'], 'Usage: sshpool close '],
    [['stats', '-h'], 'Usage: sshpool stats '],
    [['agent'], 'Usage: sshpool agent COMMAND'],
    [['agent', '--help'], 'Usage: sshpool agent COMMAND'],
    [['agent', 'stop', '--help'], 'Usage: sshpool agent stop [options]'],
    [['help', 'agent', 'status'], 'Usage: sshpool agent status '],
    [['completion', '--help'], 'Usage: sshpool completion bash|zsh|fish'],
    [['help'], 'Usage: sshpool COMMAND [ARG...]'],
    [['--help'], 'Usage: sshpool COMMAND [ARG...]'],
    [[], 'Usage: sshpool COMMAND [ARG...]'],
  ])('of %j is printed, and nothing is done', async (args, first) => {
    await using sandbox = createSandbox();
    await runCli(sandbox, ['agent', 'start']);
    const done = await runCli(sandbox, args);
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout.toString().startsWith(first)).toBe(true);
    expect(await stats(sandbox)).not.toBeNull();
  });

  it('is separate from --version, which prints the version', async () => {
    await using sandbox = createSandbox();
    expect((await runCli(sandbox, ['--version'])).stdout.toString()).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('the program', () => {
  it('works through a symbolic link', async () => {
    await using sandbox = createSandbox();
    const link = sandbox.path('linked');
    symlinkSync(PROGRAM, link);
    const child = spawn(link, ['--version'], { env: sandbox.env });
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
  });
});
