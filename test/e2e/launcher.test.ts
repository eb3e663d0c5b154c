/**
 * The launcher with a fake agent: what it sends, and how it handles broken messages, signals
 * and blocked streams.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/wire/protocol.ts';
import { PROGRAM, runCli, spawnCli, type Result } from '../support/cli.ts';
import { ACCEPTED, EXITED, HELLO, OPENED, bytesOf, fakeAgent } from '../support/fake-agent.ts';
import { isNative } from '../support/launcher.ts';
import { alive, openFiles, until } from '../support/process.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';

async function callOf(sandbox: Sandbox, ...said: readonly Message[]): Promise<Result> {
  await fakeAgent(sandbox, (socket) => socket.end(bytesOf(...said)));
  return runCli(sandbox, ['exec', 'box', 'true']);
}

describe.skipIf(!isNative(PROGRAM))('the launcher', () => {
  it('exits with the status that the agent names', async () => {
    await using sandbox = createSandbox();
    const done = await callOf(sandbox, HELLO, ACCEPTED, OPENED, EXITED);
    expect(done).toMatchObject({ code: 3, stderr: '' });
  });

  it('prints output that arrives before the message that opens the command', async () => {
    await using sandbox = createSandbox();
    const early: Message = { type: 'stdout', data: Buffer.from('early') };
    const done = await callOf(sandbox, HELLO, ACCEPTED, early, OPENED, EXITED);
    expect({ code: done.code, stdout: done.stdout.toString() }).toEqual({
      code: 3,
      stdout: 'early',
    });
  });

  it('sees the end of file of a named pipe whose writer has already closed it', async () => {
    await using sandbox = createSandbox();
    const fifo = sandbox.path('fifo');
    execFileSync('mkfifo', [fifo]);
    let sent = '';
    await fakeAgent(
      sandbox,
      (socket) => socket.write(bytesOf(HELLO, ACCEPTED)),
      (message, socket) => {
        if (message?.type === 'exec') {
          // Only once the writer has closed the pipe and made this file.
          void until(() => existsSync(sandbox.path('gone')), 'the writer goes').then(() =>
            socket.write(bytesOf(OPENED, { type: 'window', bytes: 1000 })),
          );
        }
        if (message?.type === 'stdin') sent += message.data.toString();
        if (message?.type === 'stdinEnd') socket.end(bytesOf(EXITED));
      },
    );
    const writer = `(echo hi > '${fifo}'; touch '${sandbox.path('gone')}') &`;
    const script = `${writer} exec "${PROGRAM}" exec box true < '${fifo}'`;
    const done = spawn('/bin/sh', ['-c', script], { env: sandbox.env, cwd: sandbox.home });
    expect(await new Promise((resolve) => done.once('exit', resolve))).toBe(3);
    expect(sent).toBe('hi\n');
  });

  it('skips unknown messages of a newer agent', async () => {
    await using sandbox = createSandbox();
    const unknown = Buffer.from('0000000299ff', 'hex');
    await fakeAgent(sandbox, (socket) => {
      socket.end(Buffer.concat([bytesOf(HELLO), unknown, bytesOf(ACCEPTED, OPENED, EXITED)]));
    });
    expect(await runCli(sandbox, ['exec', 'box', 'true'])).toMatchObject({ code: 3, stderr: '' });
  });

  it('writes all output before the exit, wherever the stream is split', async () => {
    await using sandbox = createSandbox();
    const data = Buffer.alloc(100_000, 'abc');
    const out: Message = { type: 'stdout', data };
    const stream = bytesOf(HELLO, ACCEPTED, OPENED, out, out, EXITED);
    await fakeAgent(sandbox, (socket) => {
      // Byte by byte where frames begin, then what is left.
      for (let i = 0; i < 100; i++) socket.write(stream.subarray(i, i + 1));
      socket.end(stream.subarray(100));
    });
    const done = await runCli(sandbox, ['exec', 'box', 'true']);
    expect(done).toMatchObject({ code: 3, stderr: '' });
    expect(done.stdout.equals(Buffer.concat([data, data]))).toBe(true);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['no hello', bytesOf(ACCEPTED)],
    ['two hellos', bytesOf(HELLO, HELLO)],
    ['an empty frame', Buffer.alloc(4)],
    ['a frame that is too long', Buffer.from('ffffffff01', 'hex')],
    ['a second start', bytesOf(HELLO, ACCEPTED, OPENED, OPENED)],
    [
      'a frame that is cut short',
      Buffer.concat([bytesOf(HELLO), Buffer.from('0000000222', 'hex')]),
    ],
    [
      'a field that is cut short',
      Buffer.concat([bytesOf(HELLO), Buffer.from('000000031e0000', 'hex')]),
    ],
  ])('ends with one line where the agent says %s', async (_what, said) => {
    await using sandbox = createSandbox();
    await fakeAgent(sandbox, (socket) => socket.end(said));
    const env = { SSH_POOL_FALLBACK: 'off' };
    const { code, stdout, stderr } = await runCli(sandbox, ['exec', 'box', 'true'], { env });
    const log = sandbox.path('run', 'agent.log');
    expect(stderr).toBe(`sshpool: the sshpool agent ended unexpectedly; its log: ${log}\n`);
    expect({ code, stdout: stdout.length }).toEqual({ code: 255, stdout: 0 });
  });

  it('sends its arguments as bytes, its directory and only the allowed environment', async () => {
    await using sandbox = createSandbox();
    const received = await fakeAgent(sandbox, (socket) => {
      socket.end(bytesOf(HELLO, ACCEPTED, OPENED, EXITED));
    });
    const script = `printf 'x' >/dev/null; exec "${PROGRAM}" exec box "$(printf 'a\\377b')"`;
    const env = { ...sandbox.env, LC_TEST: 'yes', SECRET: 'never', TERM: 'vt100' };
    const shell = spawn('/bin/sh', ['-c', script], { cwd: sandbox.home, env, stdio: 'ignore' });
    await new Promise((resolve) => shell.once('close', resolve));
    const sent = received();
    expect(sent.includes(Buffer.from('a\xffb', 'latin1'))).toBe(true);
    expect(sent.includes(sandbox.home)).toBe(true);
    expect(sent.includes('LC_TEST=yes')).toBe(true);
    expect(sent.includes('TERM=vt100')).toBe(true);
    expect(sent.includes('SECRET')).toBe(false);
  });

  it('tells the agent of output that was written, so that the window moves on', async () => {
    await using sandbox = createSandbox();
    const data = Buffer.alloc(64 * 1024);
    let taken = 0;
    await fakeAgent(
      sandbox,
      (socket) => {
        socket.write(bytesOf(HELLO, ACCEPTED, OPENED));
        for (let i = 0; i < 32; i++) socket.write(bytesOf({ type: 'stdout', data }));
      },
      (message, socket) => {
        if (message?.type === 'taken') taken += message.bytes;
        // The last portion may be too small to be reported.
        if (taken >= 30 * data.length) socket.end(bytesOf(EXITED));
      },
    );
    expect(await runCli(sandbox, ['exec', 'box', 'true'])).toMatchObject({ code: 3 });
  });

  it('executes the Node client if the agent asks for it', async () => {
    await using sandbox = createSandbox();
    const delegate: Message = { type: 'delegate', to: 'client', argv: [] };
    let calls = 0;
    await fakeAgent(sandbox, (socket) => {
      calls += 1;
      socket.end(bytesOf(HELLO, ACCEPTED, ...(calls === 1 ? [delegate] : [OPENED, EXITED])));
    });
    expect(await runCli(sandbox, ['exec', 'box', 'true'])).toMatchObject({ code: 3, stderr: '' });
    expect(calls).toBe(2);
  });

  it('executes the Node that it was built with if PATH has none', async () => {
    await using sandbox = createSandbox();
    const env = { ...sandbox.env, PATH: sandbox.path('empty') };
    const done = spawnSync(PROGRAM, ['--version'], { env, encoding: 'utf8' });
    expect(done).toMatchObject({ status: 0, stderr: '' });
  });

  it('dies of a signal that comes before the command runs', async () => {
    await using sandbox = createSandbox();
    await fakeAgent(sandbox, (socket) => socket.write(bytesOf(HELLO, ACCEPTED)));
    const child = spawnCli(sandbox, ['exec', 'box', 'true']);
    await until(() => openFiles(child.pid ?? 0).some((to) => to.startsWith('socket:')), 'a call');
    child.kill('SIGTERM');
    const signal = await new Promise((resolve) =>
      child.once('exit', (_code, name) => resolve(name)),
    );
    expect(signal).toBe('SIGTERM');
  });

  it('forwards the first signal and dies of the second', async () => {
    await using sandbox = createSandbox();
    let heard = '';
    await fakeAgent(
      sandbox,
      (socket) => {
        socket.write(bytesOf(HELLO, ACCEPTED, OPENED, { type: 'stderr', data: Buffer.from('up') }));
      },
      (message) => {
        if (message?.type === 'signal') heard += message.name;
      },
    );
    const child = spawnCli(sandbox, ['exec', 'box', 'true']);
    await new Promise((resolve) => child.stderr.once('data', resolve));
    child.kill('SIGINT');
    await until(() => heard === 'INT', 'the signal arrives');
    expect(alive(child.pid ?? 0)).toBe(true);
    child.kill('SIGINT');
    const signal = await new Promise((resolve) =>
      child.once('exit', (_code, name) => resolve(name)),
    );
    expect(signal).toBe('SIGINT');
  });

  it('keeps ignoring a signal that was ignored at its start', async () => {
    await using sandbox = createSandbox();
    let socketOfCall: Socket | undefined;
    await fakeAgent(sandbox, (socket) => {
      socketOfCall = socket;
      socket.write(bytesOf(HELLO, ACCEPTED, OPENED, { type: 'stdout', data: Buffer.from('up') }));
    });
    const script = `trap '' HUP; exec "${PROGRAM}" exec box true`;
    const child = spawn('/bin/sh', ['-c', script], { env: sandbox.env, cwd: sandbox.home });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGHUP');
    child.kill('SIGHUP');
    socketOfCall?.end(bytesOf(EXITED));
    const code = await new Promise((resolve) => child.once('exit', resolve));
    expect(code).toBe(3);
  });

  it('handles input and output at once, so that neither waits for the other', async () => {
    await using sandbox = createSandbox();
    const data = Buffer.alloc(64 * 1024);
    let received = 0;
    await fakeAgent(
      sandbox,
      (socket) => {
        socket.write(bytesOf(HELLO, ACCEPTED, OPENED));
        // A full window of output, which the caller does not read.
        for (let i = 0; i < 32; i++) socket.write(bytesOf({ type: 'stdout', data }));
        socket.write(bytesOf({ type: 'window', bytes: 2 * 1024 * 1024 }));
      },
      (message, socket) => {
        if (message?.type === 'stdin') received += message.data.length;
        if (message?.type === 'stdinEnd') socket.end(bytesOf(EXITED));
      },
    );
    const child = spawnCli(sandbox, ['exec', 'box', 'true']);
    child.stdout.pause();
    child.stdin.end(Buffer.alloc(1024 * 1024));
    await until(() => received === 1024 * 1024, 'all input is taken');
    child.stdout.resume();
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(3);
  });

  it('drops output that it cannot write, and tells the agent', async () => {
    await using sandbox = createSandbox();
    await fakeAgent(
      sandbox,
      (socket) => {
        const data = Buffer.alloc(10);
        socket.write(bytesOf(HELLO, ACCEPTED, OPENED, { type: 'stdout', data }));
      },
      (message, socket) => {
        if (message?.type === 'stdoutClosed') socket.end(bytesOf(EXITED));
      },
    );
    const script = `"${PROGRAM}" exec box true >/dev/full; echo "$?"`;
    const shell = spawn('/bin/sh', ['-c', script], { env: sandbox.env, cwd: sandbox.home });
    const [printed] = (await shell.stdout.setEncoding('utf8').take(1).toArray()) as string[];
    expect(printed).toBe('3\n');
  });
});
