/** Callers whose current directory was deleted, and callers whose user id has no name. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { PROGRAM, runProgram } from '../support/cli.ts';
import { createSandbox } from '../support/sandbox.ts';

describe('a call in a directory that was deleted', () => {
  it.each(['exec box true', 'shell box', 'warm box', 'resources box', 'compose box ls'])(
    'of %s says so in one line',
    async (words) => {
      await using sandbox = createSandbox();
      const script = `mkdir gone && cd gone && rmdir ../gone && exec "${PROGRAM}" ${words}`;
      const done = await runProgram(sandbox, ['/bin/sh', '-c', script]);
      const stop = await runProgram(sandbox, [PROGRAM, 'agent', 'stop', '--force']);
      expect(stop.code).not.toBe(255);
      expect(done).toMatchObject({
        code: 255,
        stderr:
          'sshpool: the current directory was deleted or cannot be read; change to another one and try again\n',
      });
    },
  );
});

// Only root can be another user.
describe.runIf(process.getuid?.() === 0)('a user id without a name', () => {
  const uid = 3_900_000 + (process.pid % 50_000);

  async function call(...words: string[]): Promise<{ code: number; stderr: string }> {
    await using sandbox = createSandbox();
    const { SSH_POOL_RUNTIME_DIR: _, ...env } = sandbox.env;
    sandbox.defer(async () => rmSync(`/tmp/sshpool-${uid}`, { recursive: true, force: true }));
    const child = spawn(PROGRAM, words, {
      uid,
      gid: uid,
      cwd: '/',
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const [stderr, [code]] = await Promise.all([
      text(child.stderr),
      once(child, 'close') as Promise<[number]>,
    ]);
    return { code, stderr };
  }

  it('gets one line from exec', async () => {
    expect(await call('exec', 'box', 'true')).toEqual({
      code: 255,
      stderr: `sshpool: user id ${uid} has no name in the user database, and ssh does not work without one; add the user to /etc/passwd\n`,
    });
  });

  it('gets the message of ssh from ssh', async () => {
    const { code, stderr } = await call('ssh', 'box', 'true');
    expect(code).toBe(255);
    expect(stderr).toMatch(/No user exists for uid \d+\r?\n$/);
  });
});
