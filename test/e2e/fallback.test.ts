/** If a call fails before its command can have run, ssh itself makes the call, and one line says so. */
import { chmodSync, mkdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PROGRAM, runCli, runProgram, stopAgentAtTheEnd } from '../support/cli.ts';
import { ACCEPTED, bytesOf, EXITED, fakeAgent, HELLO, OPENED } from '../support/fake-agent.ts';
import { isNative } from '../support/launcher.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';
import type { Message } from '../../src/wire/protocol.ts';

const STARTING: Message = { type: 'starting' };
const FAILED: Message = {
  ...{ type: 'failed', code: 'AUTH_FAILED', message: 'no', farewell: '', exitCode: 255 },
};
const THROUGH_SSH = /^sshpool: .*; this call goes through ssh itself\n$/;

/** Replaces the real ssh: prints its arguments and its input, and exits with 7. */
function fakeSsh(
  sandbox: Sandbox,
  script = 'printf "<%s>" "$@"; echo; cat; exit 7',
): {
  readonly PATH: string;
} {
  const file = sandbox.write('bin/ssh', `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o700);
  return { PATH: `${sandbox.path('bin')}:${sandbox.env['PATH'] ?? ''}` };
}

describe('a call whose agent is lost before the command can have run', () => {
  it.each([
    ['exec', ['exec', '-p', '22', '--fresh', 'box', 'echo', 'hi'], '<-p><22><--><box><echo hi>\n'],
    ['shell', ['shell', 'box'], '<-t><--><box>\n'],
    ['ssh', ['ssh', 'box', 'echo hi'], '<box><echo hi>\n'],
  ])('goes through ssh as %s', async (_name, words, printed) => {
    await using sandbox = createSandbox();
    await fakeAgent(sandbox, (socket) => socket.end(bytesOf(HELLO, ACCEPTED)));
    const done = await runCli(sandbox, words, { env: fakeSsh(sandbox), stdin: 'input' });
    expect(done.stdout.toString()).toBe(`${printed}input`);
    expect(done.stderr).toMatch(THROUGH_SSH);
    expect(done.code).toBe(7);
  });

  it('is served by another agent if there is one', async () => {
    await using sandbox = createSandbox();
    let calls = 0;
    await fakeAgent(sandbox, (socket) => {
      if (++calls === 1) socket.end(bytesOf(HELLO, ACCEPTED));
      else socket.end(bytesOf(HELLO, ACCEPTED, STARTING, { ...OPENED, stdin: false }, EXITED));
    });
    const done = await runCli(sandbox, ['exec', 'box', 'true'], { env: fakeSsh(sandbox) });
    expect([done.code, done.stderr, calls]).toEqual([3, '', 2]);
  });

  it('keeps its error with SSH_POOL_FALLBACK=off', async () => {
    await using sandbox = createSandbox();
    await fakeAgent(sandbox, (socket) => socket.end(bytesOf(HELLO, ACCEPTED)));
    const env = { ...fakeSsh(sandbox), SSH_POOL_FALLBACK: 'off' };
    const done = await runCli(sandbox, ['exec', 'box', 'true'], { env });
    expect(done.stderr).toMatch(/^sshpool: the sshpool agent ended unexpectedly; its log: \S+\n$/);
    expect([done.code, done.stdout.toString()]).toEqual([255, '']);
  });

  it('reports an SSH_POOL_FALLBACK that is neither on nor off', async () => {
    await using sandbox = createSandbox();
    await fakeAgent(sandbox, (socket) => socket.end(bytesOf(HELLO, ACCEPTED)));
    const env = { ...fakeSsh(sandbox), SSH_POOL_FALLBACK: 'of' };
    const done = await runCli(sandbox, ['exec', 'box', 'true'], { env });
    expect(done.stderr).toBe('sshpool: SSH_POOL_FALLBACK=of is not valid: it must be on or off\n');
    expect(done.code).toBe(2);
  });

  it('prints its error as JSON with --json, which ssh cannot do', async () => {
    await using sandbox = createSandbox();
    await fakeAgent(sandbox, (socket) => socket.end(bytesOf(HELLO, ACCEPTED)));
    const env = fakeSsh(sandbox);
    const done = await runCli(sandbox, ['exec', '--json', 'box', 'true'], { env });
    expect(JSON.parse(done.stdout.toString())).toMatchObject({
      ...{ host: 'box', exitCode: 255, error: { code: 'AGENT_LOST' } },
    });
    expect(done.code).toBe(255);
  });

  it('ends at its --timeout, with the exit status of a timeout', async () => {
    await using sandbox = createSandbox();
    await fakeAgent(sandbox, (socket) => socket.end(bytesOf(HELLO, ACCEPTED)));
    const env = fakeSsh(sandbox, 'echo up; exec sleep 60');
    const done = await runCli(sandbox, ['exec', '--timeout', '8s', 'box', 'true'], { env });
    expect(done.code).toBe(124);
    expect(done.stderr).toMatch(/ssh itself\nsshpool: timed out after 8 s\n$/);
  });
});

describe('a call', () => {
  it.each([
    ['may have run', [HELLO, ACCEPTED, STARTING]],
    ['runs', [HELLO, ACCEPTED, { ...OPENED, stdin: false }]],
  ])('whose command %s is not repeated', async (_what, messages) => {
    await using sandbox = createSandbox();
    let calls = 0;
    await fakeAgent(sandbox, (socket) => {
      calls++;
      socket.end(bytesOf(...messages));
    });
    for (const command of ['exec', 'ssh']) {
      calls = 0;
      const env = fakeSsh(sandbox);
      const done = await runCli(sandbox, [command, 'box', 'true'], { env });
      expect(done.stderr).toMatch(
        /^sshpool: the sshpool agent ended unexpectedly; its log: \S+\n$/,
      );
      expect([done.code, done.stdout.toString(), calls]).toEqual([255, '', 1]);
    }
  });

  it('that the agent answers with an error is not repeated', async () => {
    await using sandbox = createSandbox();
    await fakeAgent(sandbox, (socket) => socket.end(bytesOf(HELLO, ACCEPTED, FAILED)));
    const done = await runCli(sandbox, ['exec', 'box', 'true'], { env: fakeSsh(sandbox) });
    expect([done.code, done.stderr]).toEqual([255, 'sshpool: no\n']);
  });

  it('with an invalid command line reports it, also without an agent', async () => {
    await using sandbox = createSandbox();
    const env = { ...fakeSsh(sandbox), SSH_POOL_RUNTIME_DIR: '/dev/null/none' };
    const done = await runCli(sandbox, ['exec', '--frehs', 'box', 'true'], { env });
    expect([done.code, done.stdout.toString()]).toEqual([2, '']);
    expect(done.stderr).toContain('--fresh');
  });

  it('whose runtime directory cannot be used goes through ssh', async () => {
    await using sandbox = createSandbox();
    const open = sandbox.path('open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    for (const SSH_POOL_RUNTIME_DIR of ['/dev/null/none', open, `/tmp/${'x'.repeat(120)}`]) {
      const env = { ...fakeSsh(sandbox), SSH_POOL_RUNTIME_DIR };
      const done = await runCli(sandbox, ['exec', 'box', 'echo'], { env });
      expect(done.stderr).toMatch(THROUGH_SSH);
      expect([done.code, done.stdout.toString()]).toEqual([7, '<--><box><echo>\n']);
    }
  });
});

describe.skipIf(!haveSshd() || process.platform !== 'linux')('within a limit on memory', () => {
  // Too little for a login by the agent; the smallest is too little for Node, so that only the launcher runs.
  it.each(isNative(PROGRAM) ? [4_000_000, 1_000_000, 400_000] : [4_000_000, 1_000_000])(
    'of %i KiB exec and ssh work',
    async (kib) => {
      await using sandbox = createSandbox();
      stopAgentAtTheEnd(sandbox);
      const sshd = await startSshd(sandbox);
      for (const command of ['exec', 'ssh']) {
        const words = `${command} -F '${sshd.config()}' box 'cat; exit 3'`;
        const script = `ulimit -v ${kib}; exec '${PROGRAM}' ${words}`;
        const done = await runProgram(sandbox, ['/bin/sh', '-c', script], { stdin: 'input' });
        expect([done.code, done.stdout.toString()]).toEqual([3, 'input']);
        // The line is missing if the agent could serve the call, for example over OpenSSH.
        expect(['', ...(THROUGH_SSH.exec(done.stderr) ?? [])]).toContain(done.stderr);
      }
    },
  );
});
