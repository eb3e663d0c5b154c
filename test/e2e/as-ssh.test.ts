/** sshpool in place of ssh: under which names, and when it executes the real ssh. */
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/wire/protocol.ts';
import { PROGRAM, runCli, spawnCli, stopAgentAtTheEnd } from '../support/cli.ts';
import { ACCEPTED, EXITED, HELLO, OPENED, bytesOf, fakeAgent } from '../support/fake-agent.ts';
import { isNative } from '../support/launcher.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';

/** Prints its name, its arguments and its standard input. */
const SAYS = `#!/bin/sh
printf '<%s>' "\${0##*/}" "$@"
echo
cat
grep SigIgn /proc/self/status
exit 7
`;

function program(sandbox: Sandbox, name: string, text = SAYS): string {
  const file = sandbox.write(name, text);
  chmodSync(file, 0o755);
  return file;
}

const DELEGATE: Message = {
  type: 'delegate',
  to: 'ssh',
  argv: ['-N', 'a b', 'box'].map((word) => Buffer.from(word)),
};

/** What users put first in PATH as their ssh. */
const scriptOf = (ours: string): string => `#!/bin/sh\nexec '${ours}' ssh "$@"\n`;

/** Does not block this process, in which the fake agent runs. */
async function run(
  sandbox: Sandbox,
  file: string,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Pick<SpawnSyncReturns<string>, 'status' | 'stdout' | 'stderr'>> {
  const child = spawn(file, words, { env: { ...sandbox.env, ...env }, cwd: sandbox.home });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end('input\n');
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { status, stdout, stderr };
}

/** A directory for the front of PATH, in which `ssh` is sshpool. */
function first(sandbox: Sandbox): { readonly PATH: string } {
  mkdirSync(sandbox.path('first'));
  symlinkSync(PROGRAM, sandbox.path('first', 'ssh'));
  return { PATH: `${sandbox.path('first')}:${sandbox.env['PATH'] ?? ''}` };
}

describe('the program as ssh', () => {
  it.each([
    ['ssh', ['box', 'true'], 'ssh'],
    ['sshpool-ssh', ['exec', 'true'], 'ssh'],
    ['sshpool', ['ssh', 'box', 'true'], 'ssh'],
    ['sshpool', ['shell', 'box'], 'shell'],
    ['other', ['exec', 'box'], 'exec'],
  ])('called as %s %j it makes a call of %s', async (name, words, command) => {
    await using sandbox = createSandbox();
    const link = sandbox.path('home', name);
    symlinkSync(PROGRAM, link);
    let exec: Message | undefined;
    await fakeAgent(
      sandbox,
      (socket) => socket.end(bytesOf(HELLO, ACCEPTED, OPENED, EXITED)),
      (message) => (exec = message?.type === 'exec' ? message : exec),
    );
    expect(await run(sandbox, link, words)).toMatchObject({ status: 3, stderr: '' });
    const argv = (name.endsWith('ssh') ? words : words.slice(1)).map((word) => Buffer.from(word));
    expect(exec).toMatchObject({ command, argv });
  });

  it.skipIf(!isNative(PROGRAM))(
    'passes its command to the Node client, whatever its own name is',
    async () => {
      await using sandbox = createSandbox();
      const link = sandbox.path('home', 'ssh');
      symlinkSync(PROGRAM, link);
      program(sandbox, 'bin/node');
      await fakeAgent(sandbox, (socket) =>
        socket.end(bytesOf(HELLO, { type: 'delegate', to: 'client', argv: [] })),
      );
      const PATH = `${sandbox.path('bin')}:${sandbox.env['PATH'] ?? ''}`;
      const done = await run(sandbox, link, ['-v', 'box'], { PATH });
      expect(done.stdout).toContain('/bin/sshpool.js><ssh><-v><box>\n');
    },
  );

  it('executes the real ssh with the arguments from the agent, its input unread', async () => {
    await using sandbox = createSandbox();
    const wrap = sandbox.path('run', 'wrap');
    const other = sandbox.path('other');
    for (const directory of [wrap, other]) mkdirSync(directory);
    // sshpool under the name ssh, another installation of it, and the directory of `sshpool wrap`.
    symlinkSync(PROGRAM, sandbox.path('other', 'ssh'));
    mkdirSync(sandbox.path('second'));
    symlinkSync(program(sandbox, 'elsewhere/sshpool'), sandbox.path('second', 'ssh'));
    program(sandbox, 'run/wrap/ssh');
    program(sandbox, 'real/ssh');
    sandbox.write('closed/ssh', 'no program');
    const places = ['nothing', 'run/wrap', 'run/wrap/', 'other', 'second', 'closed', 'real'];
    const PATH = [...places.map((name) => sandbox.path(name)), sandbox.env['PATH']].join(':');
    await fakeAgent(sandbox, (socket) => socket.end(bytesOf(HELLO, ACCEPTED, DELEGATE)));
    const done = await run(sandbox, PROGRAM, ['ssh', 'ignored'], { PATH });
    expect(done).toMatchObject({ status: 7, stderr: '' });
    expect(done.stdout).toContain('<ssh><-N><a b><box>\ninput\n');
    // SIGPIPE (13) is not ignored, as when the launcher started.
    expect(Number.parseInt(/SigIgn:\s+(\w+)/.exec(done.stdout)?.[1] ?? '', 16) & 0x1000).toBe(0);
  });

  it.skipIf(!isNative(PROGRAM))('recognizes a copy of itself under another name', async () => {
    await using sandbox = createSandbox();
    mkdirSync(sandbox.path('copy'));
    const copy = sandbox.path('copy', 'ssh');
    copyFileSync(PROGRAM, copy);
    program(sandbox, 'real/ssh');
    await fakeAgent(sandbox, (socket) => socket.end(bytesOf(HELLO, DELEGATE)));
    const PATH = ['copy', 'real'].map((name) => sandbox.path(name)).join(':');
    const done = await run(sandbox, copy, ['box'], {
      PATH: `${PATH}:${sandbox.env['PATH'] ?? ''}`,
    });
    expect(done.stdout).toContain('<ssh><-N><a b><box>\n');
  });

  it('fails with a message if PATH has no other ssh', async () => {
    await using sandbox = createSandbox();
    mkdirSync(sandbox.path('bin'));
    symlinkSync(PROGRAM, sandbox.path('bin', 'ssh'));
    symlinkSync(process.execPath, sandbox.path('bin', 'node'));
    await fakeAgent(sandbox, (socket) => socket.end(bytesOf(HELLO, DELEGATE)));
    const PATH = sandbox.path('bin');
    const done = await run(sandbox, PROGRAM, ['ssh', 'box'], { PATH });
    expect(done.stderr).toContain('sshpool: no ssh in PATH but sshpool itself');
    expect(done.status).toBe(255);
  });

  it('passes over scripts that run sshpool again, also those that are found twice', async () => {
    await using sandbox = createSandbox();
    program(sandbox, 'a/ssh', scriptOf(PROGRAM));
    program(sandbox, 'b/ssh', `#!/bin/sh\n'${PROGRAM}' ssh "$@"\n`);
    mkdirSync(sandbox.path('c'));
    symlinkSync(sandbox.path('a', 'ssh'), sandbox.path('c', 'ssh'));
    program(sandbox, 'real/ssh');
    await fakeAgent(sandbox, (socket) => socket.end(bytesOf(HELLO, DELEGATE)));
    const PATH = ['a', 'b', 'c', 'real'].map((name) => sandbox.path(name)).join(':');
    const env = { PATH: `${PATH}:${sandbox.env['PATH'] ?? ''}` };
    const done = await run(sandbox, sandbox.path('a', 'ssh'), ['box'], env);
    expect(done).toMatchObject({ status: 7, stderr: '' });
    expect(done.stdout).toContain('<ssh><-N><a b><box>\ninput\n');
  });

  it('fails with a message if every ssh in PATH is a script that runs it again', async () => {
    await using sandbox = createSandbox();
    program(sandbox, 'bin/ssh', scriptOf(PROGRAM));
    symlinkSync(process.execPath, sandbox.path('bin', 'node'));
    await fakeAgent(sandbox, (socket) => socket.end(bytesOf(HELLO, DELEGATE)));
    const done = await run(sandbox, PROGRAM, ['ssh', 'box'], { PATH: sandbox.path('bin') });
    expect(done.stderr).toContain('sshpool: no ssh in PATH but sshpool itself');
    expect(done.status).toBe(255);
  });

  it('ends where a program that it cannot pass over runs it again and again', async () => {
    await using sandbox = createSandbox();
    program(sandbox, 'bin/ssh', scriptOf(PROGRAM).replace('exec', 'unset SSHPOOL_SSH_TRIED; exec'));
    await fakeAgent(sandbox, (socket) => socket.end(bytesOf(HELLO, DELEGATE)));
    const PATH = `${sandbox.path('bin')}:${sandbox.env['PATH'] ?? ''}`;
    const done = await run(sandbox, PROGRAM, ['ssh', 'box'], { PATH });
    expect(done.stderr).toBe(
      'sshpool: the ssh in PATH is sshpool once more; put the real one before it\n',
    );
    expect(done.status).toBe(255);
  });

  it('runs the real ssh if there is no agent', async () => {
    await using sandbox = createSandbox();
    program(sandbox, 'bin/ssh');
    const PATH = `${sandbox.path('bin')}:${sandbox.env['PATH'] ?? ''}`;
    const env = { PATH, SSH_POOL_RUNTIME_DIR: 'not/absolute' };
    const done = await run(sandbox, PROGRAM, ['ssh', '-p', '1', 'box'], env);
    expect(done.stderr).toMatch(/^sshpool: .*; this call goes through ssh itself\n$/);
    expect(done.stdout).toContain('<ssh><-p><1><box>\ninput\n');
    expect(done.status).toBe(7);
  });

  it('executes the real ssh if its directory was deleted, because ssh works there', async () => {
    await using sandbox = createSandbox();
    program(sandbox, 'bin/ssh');
    mkdirSync(sandbox.path('gone'));
    await fakeAgent(sandbox, (socket) => socket.destroy());
    const PATH = `${sandbox.path('bin')}:${sandbox.env['PATH'] ?? ''}`;
    const script = `cd '${sandbox.path('gone')}'; rmdir ../gone; exec '${PROGRAM}' ssh box`;
    const done = await run(sandbox, '/bin/sh', ['-c', script], { PATH });
    expect(done.status).toBe(7);
    expect(done.stderr).not.toContain('sshpool');
    expect(done.stdout).toContain('<ssh><box>\ninput\n');
  });

  it('reports why exec has no agent, and does not run ssh', () => {
    const env = { PATH: process.env['PATH'], SSH_POOL_RUNTIME_DIR: 'not/absolute' };
    const done = spawnSync(PROGRAM, ['exec', 'box', 'true'], { env, encoding: 'utf8' });
    expect(done.stderr).toContain('SSH_POOL_RUNTIME_DIR');
    expect(done.stderr).not.toContain('ssh itself');
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const)(
    'exits at %s with 255 and no message, and sends the remote no signal',
    async (name) => {
      await using sandbox = createSandbox();
      const said: string[] = [];
      const up: Message = { type: 'stdout', data: Buffer.from('up') };
      await fakeAgent(
        sandbox,
        (socket) => socket.write(bytesOf(HELLO, ACCEPTED, { ...OPENED, signals: false }, up)),
        (message) => void said.push(message?.type ?? ''),
      );
      const child = spawnCli(sandbox, ['ssh', 'box']);
      let stderr = '';
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
      await new Promise((resolve) => child.stdout.once('data', resolve));
      child.kill(name);
      expect(await new Promise((resolve) => child.once('close', resolve))).toBe(255);
      expect(stderr).toBe('');
      expect(said).not.toContain('signal');
    },
  );

  // Node resets ignored signals before it runs the program.
  it.skipIf(!isNative(PROGRAM))(
    'keeps ignoring a signal that was ignored at its start',
    async () => {
      await using sandbox = createSandbox();
      let socketOfCall: Socket | undefined;
      const up: Message = { type: 'stdout', data: Buffer.from('up') };
      await fakeAgent(sandbox, (socket) => {
        socketOfCall = socket;
        socket.write(bytesOf(HELLO, ACCEPTED, { ...OPENED, signals: false }, up));
      });
      const script = `trap '' HUP QUIT; exec "${PROGRAM}" ssh box`;
      const child = spawn('/bin/sh', ['-c', script], { env: sandbox.env, cwd: sandbox.home });
      await new Promise((resolve) => child.stdout.once('data', resolve));
      for (const name of ['SIGHUP', 'SIGQUIT'] as const) child.kill(name);
      socketOfCall?.end(bytesOf(EXITED));
      expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(3);
    },
  );

  it("prints ssh's message unchanged if the call fails", async () => {
    await using sandbox = createSandbox();
    const failed: Message = {
      type: 'failed',
      code: 'CONNECT_FAILED',
      message: 'in our words',
      farewell: 'ssh: connect to host box port 1: Connection refused\r',
      exitCode: 255,
    };
    await fakeAgent(sandbox, (socket) => socket.end(bytesOf(HELLO, failed)));
    const done = await runCli(sandbox, ['ssh', 'box']);
    expect(done.stderr).toBe('ssh: connect to host box port 1: Connection refused\r\n');
    expect(done.code).toBe(255);
  });

  describe.skipIf(!haveSshd())('found as the first ssh in PATH', () => {
    it.each(['auto', 'openssh'])('does not run itself, over the link %s', async (link) => {
      await using sandbox = createSandbox();
      const sshd = await startSshd(sandbox);
      const env = { ...first(sandbox), SSH_POOL_LINK: link };
      const words = ['exec', '-F', sshd.config(), 'box', 'echo', 'there'];
      const done = await runCli(sandbox, words, { env });
      expect(done).toMatchObject({ code: 0, stderr: '' });
      expect(done.stdout.toString()).toBe('there\n');
    });

    it.each(['auto', 'openssh'])('may be a script that runs it, over the link %s', async (link) => {
      await using sandbox = createSandbox();
      stopAgentAtTheEnd(sandbox);
      const sshd = await startSshd(sandbox);
      const ssh = program(sandbox, 'bin/ssh', scriptOf(PROGRAM));
      const PATH = `${sandbox.path('bin')}:${sandbox.env['PATH'] ?? ''}`;
      const env = { PATH, SSH_POOL_LINK: link };
      for (const nth of ['first', 'second']) {
        const words = ['-F', sshd.config(), 'box', 'echo there'];
        const done = await run(sandbox, ssh, words, env);
        expect([nth, done]).toEqual([nth, { status: 0, stdout: 'there\n', stderr: '' }]);
      }
      expect(sshd.log().match(/^Accepted /gm)).toHaveLength(1);
      const [ours, real] = [
        await run(sandbox, ssh, ['-G', '-F', sshd.config(), 'box'], env),
        await run(sandbox, 'ssh', ['-G', '-F', sshd.config(), 'box']),
      ];
      expect(ours).toEqual(real);
    });

    it('runs the real ssh if no agent can be started', async () => {
      await using sandbox = createSandbox();
      const env = { ...first(sandbox), SSH_POOL_RUNTIME_DIR: '/dev/null/none' };
      const done = await runCli(sandbox, ['ssh', '-V'], { env });
      expect(done.code).toBe(0);
      expect(done.stderr).toMatch(/^sshpool: .*; this call goes through ssh itself\nOpenSSH_/);
    });
  });
});
