/** `sshpool wrap`: runs a tool with the ssh, scp and sftp of sshpool. */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PROGRAM, runCli, spawnCli } from '../support/cli.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';
import { Terminal, haveTerminals } from '../support/terminal.ts';

/** Prints its arguments, one per line. */
const SAYS = '#!/bin/sh\nprintf "%s\\n" "$@"\n';

function program(sandbox: Sandbox, name: string, text = SAYS): string {
  const file = sandbox.write(name, text);
  chmodSync(file, 0o755);
  return file;
}

const exitOf = (child: ReturnType<typeof spawn>): Promise<[number | null, string | null]> =>
  new Promise((resolve) => child.once('exit', (status, signal) => resolve([status, signal])));

describe('wrap', () => {
  it('makes sshpool the first ssh in the PATH of the tool, in a private directory', async () => {
    await using sandbox = createSandbox();
    const done = await runCli(sandbox, ['wrap', 'sh', '-c', 'command -v ssh scp sftp']);
    const ssh = sandbox.path('run/wrap/ssh');
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout.toString()).toMatch(`${ssh}\n`);
    expect(readlinkSync(ssh)).toMatch(/\/bin\/sshpool$/);
    expect(statSync(sandbox.path('run/wrap')).mode & 0o777).toBe(0o700);
  });

  it.each(['scp', 'sftp'])(
    'gives %s its ssh, whatever characters the paths contain',
    async (name) => {
      await using sandbox = createSandbox();
      const real = program(sandbox, `it's a "place"/${name}`);
      const run = sandbox.path("run $HOME 'x'");
      const env = {
        PATH: `${sandbox.path(`it's a "place"`)}:${sandbox.env['PATH'] ?? ''}`,
        SSH_POOL_RUNTIME_DIR: run,
      };
      const words = ['wrap', '--', name, 'a b', '', '$x'];
      for (const _ of ['made', 'found']) {
        const done = await runCli(sandbox, words, { env });
        expect(done.stdout.toString()).toBe(`-S\n${run}/wrap/ssh\na b\n\n$x\n`);
      }
      // Also if it is already in PATH, as with nested wraps.
      const nested = await runCli(sandbox, ['wrap', PROGRAM, ...words], { env });
      expect(nested.stdout.toString()).toContain(`-S\n${run}/wrap/ssh\na b\n`);
      expect(lstatSync(real).isFile()).toBe(true);
    },
  );

  it('keeps correct files in its directory, and replaces wrong ones', async () => {
    await using sandbox = createSandbox();
    const wrap = sandbox.path('run/wrap');
    mkdirSync(wrap, { mode: 0o700 });
    symlinkSync('/nowhere/sshpool', `${wrap}/ssh`);
    sandbox.write('run/wrap/scp', 'old');
    const names = (): string[] =>
      readdirSync(wrap).map((name) => `${name} ${lstatSync(`${wrap}/${name}`).ino}`);
    const before = names();
    await runCli(sandbox, ['wrap', 'true']);
    expect(readlinkSync(`${wrap}/ssh`)).not.toBe('/nowhere/sshpool');
    const after = names();
    expect(after).toHaveLength(3);
    expect(after.some((name) => before.includes(name))).toBe(false);
    await runCli(sandbox, ['wrap', 'true']);
    expect(names()).toEqual(after);
  });

  it('works when it is called many times at once', async () => {
    await using sandbox = createSandbox();
    const all = Array.from({ length: 8 }, () =>
      runCli(sandbox, ['wrap', 'sh', '-c', 'test -x "$(command -v ssh)" && scp -x 2>&1']),
    );
    for (const done of await Promise.all(all)) {
      expect(done.stderr).toBe('');
      expect(done.stdout.toString()).toContain('usage: scp');
    }
    expect(readdirSync(sandbox.path('run/wrap')).toSorted()).toEqual(['scp', 'sftp', 'ssh']);
  });

  it('refuses a directory that others may enter', async () => {
    await using sandbox = createSandbox();
    mkdirSync(sandbox.path('run/wrap'));
    chmodSync(sandbox.path('run/wrap'), 0o755);
    const done = await runCli(sandbox, ['wrap', 'true']);
    expect(done.code).toBe(255);
    expect(done.stderr).toMatch(/^sshpool: .*\/run\/wrap is not safe to use: .*\n$/);
  });

  it.each([
    [['nosuch'], 127, /^sshpool: nosuch: No such file or directory\n$/],
    [['/etc/passwd'], 126, /^sshpool: \/etc\/passwd: Permission denied\n$/],
    [[], 2, /^sshpool: no TOOL; the form is: sshpool wrap .*\n$/],
    [['--'], 2, /^sshpool: no TOOL; the form is: sshpool wrap .*\n$/],
    [['-x', 'true'], 2, /^sshpool: unknown option -x; /],
    [['sh', '-c', 'exit 7'], 7, /^$/],
  ])('%j exits with %i', async (words, code, stderr) => {
    await using sandbox = createSandbox();
    const done = await runCli(sandbox, ['wrap', ...words]);
    expect(done.code).toBe(code);
    expect(done.stderr).toMatch(stderr);
  });

  it('dies of the signal that the tool died of', async () => {
    await using sandbox = createSandbox();
    const done = await runCli(sandbox, ['wrap', 'sh', '-c', 'kill -TERM $$']);
    expect([done.code, done.signal]).toEqual([null, 'SIGTERM']);
  });

  it.each(['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGUSR1'] as const)('forwards %s', async (name) => {
    await using sandbox = createSandbox();
    const script = 'trap "exit 9" TERM HUP INT USR1; echo ready; while :; do read line; done';
    const child = spawnCli(sandbox, ['wrap', 'sh', '-c', script]);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill(name);
    // The trap of the shell runs after `read` returns.
    child.stdin.write('\n');
    expect(await exitOf(child)).toEqual([9, null]);
  });

  it.skipIf(!haveSshd())('copies with scp and sftp over a pooled connection', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const config = sshd.config();
    sandbox.write('home/file', 'content');
    for (const target of ['one', 'two']) {
      const words = ['wrap', 'scp', '-F', config, 'file', `box:${sandbox.path(target)}`];
      expect(await runCli(sandbox, words)).toMatchObject({ code: 0, stderr: '' });
      expect(readFileSync(sandbox.path(target), 'utf8')).toBe('content');
    }
    expect(sshd.logins()).toBe(1);
    const stdin = `get ${sandbox.path('one')} three\n`;
    await runCli(sandbox, ['wrap', 'sftp', '-q', '-F', config, '-b', '-', 'box'], { stdin });
    expect(readFileSync(sandbox.path('home/three'), 'utf8')).toBe('content');
  });

  it('reads nothing of standard input itself', async () => {
    await using sandbox = createSandbox();
    const done = await runCli(sandbox, ['wrap', 'cat'], { stdin: 'input' });
    expect(done.stdout.toString()).toBe('input');
  });

  it.skipIf(!haveTerminals())(
    'stops when the tool stops itself, and continues with it',
    async () => {
      await using sandbox = createSandbox();
      const shell = await Terminal.shell(sandbox);
      await shell.command(`'${PROGRAM}' wrap sh -c 'kill -TSTP $$; echo here again'`);
      await shell.shows('Stopped');
      await shell.shows('$ ');
      await shell.command('fg');
      await shell.shows('here again\r\n$ ');
      expect(await shell.output('echo $?')).toBe('0\r\n');
    },
  );
});
