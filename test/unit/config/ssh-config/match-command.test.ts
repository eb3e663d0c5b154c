/** The command may select the user in ssh_config (Match command, sessiontype; OpenSSH 10.0). */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { CALL_COMMANDS } from '../../../../src/config/command-line/command-line.ts';
import { invocationOf } from '../../../../src/config/ssh-config/invocation.ts';
import { SshConfig, type RunSsh } from '../../../../src/config/ssh-config/ssh-g.ts';
import { parseTarget } from '../../../../src/config/command-line/target.ts';
import { FakeClock } from '../../../support/clock.ts';

/** A fake ssh of any version: it prints its last argument as the user. */
function setUp(text: string) {
  const dir = mkdtempSync(join(tmpdir(), 'sshpool-config-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'config');
  writeFileSync(file, text);
  const runs: (readonly string[])[] = [];
  const run: RunSsh = (args) => {
    runs.push(args);
    return Promise.resolve({ stdout: `user ${args.at(-1)}\n`, stderr: '' });
  };
  const config = new SshConfig({ clock: new FakeClock(), run });
  const resolve = (...words: readonly string[]) => {
    const args = CALL_COMMANDS.ssh.parse(words.map((word) => Buffer.from(word)));
    if (args.kind !== 'call') throw new Error('no call');
    const question = { target: parseTarget('web'), sshArgs: ['-F', file], cwd: dir, env: {} };
    return config.resolve({ ...question, invocation: invocationOf(args) });
  };
  return { file, runs, resolve };
}

test.each(['Match command "id *"', 'match !Command=id', 'Match host x sessiontype exec'])(
  'ssh -G gets the command because of: %s',
  async (line) => {
    const { file, runs, resolve } = setUp(`${line}\n User root\n`);
    expect(await resolve('web', 'id', '-u')).toMatchObject({ user: 'id -u', usesCommand: true });
    await resolve('web', 'id', '-u');
    expect(await resolve('web', '-n')).toMatchObject({ user: 'web' });
    await resolve('-s', 'web', 'sftp');
    await resolve('-W', 'x:1', 'web');
    expect(runs).toEqual([
      ['-G', '-F', file, '--', 'web', 'id -u'],
      ['-G', '-F', file, '--', 'web'],
      ['-G', '-F', file, '-s', '--', 'web', 'sftp'],
      ['-G', '-F', file, '-W', '[x]:1', '--', 'web'],
    ]);
  },
);

test('ssh -G is run once for all commands if no file depends on the command', async () => {
  const { file, runs, resolve } = setUp('Host command\n User root\n');
  expect(await resolve('web', 'id')).toMatchObject({ usesCommand: false });
  await resolve('web', 'true');
  expect(runs).toEqual([['-G', '-F', file, '--', 'web']]);
});
