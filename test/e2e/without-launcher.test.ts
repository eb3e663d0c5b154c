/** Where no launcher can run: exec goes over the library's client under Node, and ssh makes the other calls. */
import { chmodSync, existsSync, utimesSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/wire/protocol.ts';
import { runCli, runProgram, stopAgentAtTheEnd } from '../support/cli.ts';
import { ACCEPTED, bytesOf, EXITED, fakeAgent, HELLO, OPENED } from '../support/fake-agent.ts';
import { INSTALLED, isNative } from '../support/launcher.ts';
import { lock } from '../support/lock-key.ts';
import { installed } from '../support/installed.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';
import { haveTerminals, Terminal } from '../support/terminal.ts';

const WHY = /^sshpool: the launcher does not run here, so ssh itself makes calls of .*\n$/;
const DAY_S = 24 * 60 * 60;

/** The package as it is without a launcher; returns its program. */
function bare(sandbox: Sandbox): string {
  stopAgentAtTheEnd(sandbox);
  return installed(sandbox, { launchers: false }).program;
}

/** Replaces the real ssh: prints its arguments and its input, and exits with 7. */
function fakeSsh(sandbox: Sandbox): { readonly PATH: string } {
  const file = sandbox.write('bin/ssh', '#!/bin/sh\nprintf "<%s>" "$@"; echo; cat; exit 7\n');
  chmodSync(file, 0o700);
  return { PATH: `${sandbox.path('bin')}:${sandbox.env['PATH'] ?? ''}` };
}

describe('without a launcher', () => {
  it.each([
    ['ssh', ['ssh', '-p', '22', 'box', 'true'], '<-p><22><box><true>\ninput'],
    ['shell', ['shell', 'box'], '<-t><--><box>\ninput'],
    ['exec -tt', ['exec', '-tt', 'box', 'true'], '<-tt><--><box><true>\ninput'],
  ])('ssh itself makes a call of %s, and a line says why once a day', async (_, words, printed) => {
    await using sandbox = createSandbox();
    const program = bare(sandbox);
    const options = { env: fakeSsh(sandbox), stdin: 'input' };
    const first = await runProgram(sandbox, [program, ...words], options);
    expect(first.stderr).toMatch(WHY);
    expect([first.code, first.stdout.toString()]).toEqual([7, printed]);
    const second = await runProgram(sandbox, [program, ...words], options);
    expect(second).toMatchObject({ code: 7, stderr: '' });
    const yesterday = Date.now() / 1000 - DAY_S - 1;
    utimesSync(sandbox.path('run', 'told-no-launcher'), yesterday, yesterday);
    const third = await runProgram(sandbox, [program, ...words], options);
    expect(third.stderr).toMatch(WHY);
    expect(existsSync(sandbox.path('run', 'agent.sock'))).toBe(false);
  });

  it.skipIf(!haveSshd())('exec goes over the pool, without a word', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const call = [bare(sandbox), 'exec', '-F', sshd.config(), 'box', 'cat; echo end; exit 3'];
    for (const stdin of ['one ', 'two ']) {
      const done = await runProgram(sandbox, call, { stdin });
      expect(done).toMatchObject({ code: 3, stderr: '' });
      expect(done.stdout.toString()).toBe(`${stdin}end\n`);
    }
    expect(sshd.logins()).toBe(1);
  });

  it.skipIf(!haveSshd() || !haveTerminals())('exec asks at the terminal', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const question = lock(sshd, 'open sesame');
    const words = [bare(sandbox), 'exec', '-T', '-F', sshd.config(), 'box', 'echo through'];
    const terminal = Terminal.run(sandbox, words);
    expect(await terminal.dialogue([question, 'open sesame\r'])).toBe(0);
    expect(terminal.screen).toMatch(/through\r\n$/);
  });

  it('exec is served by another agent if one is lost before its hello or its command', async () => {
    await using sandbox = createSandbox();
    let calls = 0;
    await fakeAgent(sandbox, (socket) => {
      calls += 1;
      if (calls === 1) socket.destroy();
      else if (calls === 2) socket.end(bytesOf(HELLO, ACCEPTED));
      else socket.end(bytesOf(HELLO, ACCEPTED, { ...OPENED, stdin: false }, EXITED));
    });
    const done = await runProgram(sandbox, [bare(sandbox), 'exec', 'box', 'true']);
    expect([done.code, done.stderr, calls]).toEqual([3, '', 3]);
  });

  it.each([
    ['shell', ['shell', 'box']],
    ['exec -tt', ['exec', '-tt', 'box', 'true']],
  ])('SSH_POOL_FALLBACK=off forbids ssh to %s', async (_, words) => {
    await using sandbox = createSandbox();
    const env = { ...fakeSsh(sandbox), SSH_POOL_FALLBACK: 'off' };
    const done = await runProgram(sandbox, [bare(sandbox), ...words], { env });
    expect(done.code).toBe(255);
    expect(done.stderr).toMatch(
      /^sshpool: the launcher does not run here, and SSH_POOL_FALLBACK=off/,
    );
  });
});

/** The first calls are lost; `status` is answered, as by an agent that serves again. */
async function losing(sandbox: Sandbox, lost: number): Promise<void> {
  let calls = 0;
  const status: Message = { type: 'result', json: '{}' };
  await fakeAgent(
    sandbox,
    () => undefined,
    (message, socket) => {
      if (message?.type === 'request') socket.end(bytesOf(HELLO, status));
      if (message?.type !== 'exec') return;
      calls += 1;
      const rest = calls <= lost ? [] : [{ ...OPENED, stdin: false }, EXITED];
      socket.end(bytesOf(HELLO, ACCEPTED, ...rest));
    },
  );
}

describe.skipIf(!isNative(INSTALLED))(
  'a call of shell whose agent is lost before its command',
  () => {
    it('is served by the launcher and another agent', async () => {
      await using sandbox = createSandbox();
      await losing(sandbox, 1);
      const done = await runCli(sandbox, ['shell', 'box'], { env: fakeSsh(sandbox) });
      expect([done.code, done.stderr]).toEqual([3, '']);
    });

    it('goes through ssh after the second time, and a line says why', async () => {
      await using sandbox = createSandbox();
      await losing(sandbox, 2);
      const done = await runCli(sandbox, ['shell', 'box'], { env: fakeSsh(sandbox) });
      expect([done.code, done.stdout.toString()]).toEqual([7, '<-t><--><box>\n']);
      expect(done.stderr).toMatch(
        /^sshpool: the sshpool agent ended unexpectedly.*; this call goes/,
      );
    });

    it('fails after the second time with SSH_POOL_FALLBACK=off', async () => {
      await using sandbox = createSandbox();
      await losing(sandbox, 2);
      const env = { ...fakeSsh(sandbox), SSH_POOL_FALLBACK: 'off' };
      const done = await runCli(sandbox, ['shell', 'box'], { env });
      expect(done.code).toBe(255);
      expect(done.stderr).toMatch(
        /^sshpool: the sshpool agent ended unexpectedly; its log: \S+\n$/,
      );
    });
  },
);
