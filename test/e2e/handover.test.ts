/** An agent that exits while callers connect: no call is lost, and none runs twice. */
import { rmSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { bytesOf, EXITED, fakeAgent, HELLO, OPENED, ACCEPTED } from '../support/fake-agent.ts';
import { PROGRAM, runCli } from '../support/cli.ts';
import { isNative } from '../support/launcher.ts';
import { FULL } from '../support/size.ts';
import { createSandbox } from '../support/sandbox.ts';

/** A call that needs no server: the agent reports that the connection is refused. */
const REFUSED = ['exec', '-F', '/dev/null', '-p', '1', '127.0.0.1', 'true'];
const ROUNDS = FULL || isNative(PROGRAM) ? 60 : 20;
const IDLE_MS = 30;

describe('an agent that closes a connection before its hello', () => {
  it.each(['exec', 'shell', 'ssh'])('is called again by %s, without a message', async (command) => {
    await using sandbox = createSandbox();
    let calls = 0;
    await fakeAgent(sandbox, (socket) => {
      if (++calls < 4) socket.destroy();
      else socket.end(bytesOf(HELLO, ACCEPTED, { ...OPENED, stdin: false }, EXITED));
    });
    const words = command === 'shell' ? ['box'] : ['box', 'true'];
    const done = await runCli(sandbox, [command, ...words]);
    expect({ code: done.code, stderr: done.stderr, calls }).toEqual({
      ...{ code: 3, stderr: '', calls: 4 },
    });
  });

  it('is called again by a request', async () => {
    await using sandbox = createSandbox();
    let calls = 0;
    await fakeAgent(sandbox, (socket) => {
      if (++calls < 4) socket.destroy();
      else socket.end(bytesOf(HELLO, { type: 'result', json: '{"closed":[]}' }));
    });
    const done = await runCli(sandbox, ['close', 'box']);
    expect([done.code, done.stderr, calls]).toEqual([0, 'sshpool: nothing to close for box\n', 4]);
  });

  it('is not replaced by a request that starts no agent', async () => {
    await using sandbox = createSandbox();
    await fakeAgent(sandbox, (socket) => {
      rmSync(sandbox.path('run', 'agent.sock'), { force: true });
      socket.destroy();
    });
    const done = await runCli(sandbox, ['stats']);
    expect([done.code, done.stderr]).toEqual([0, 'sshpool: no agent is running\n']);
  });

  it('is replaced by exec if its socket is gone', async () => {
    await using sandbox = createSandbox();
    await fakeAgent(sandbox, (socket) => {
      rmSync(sandbox.path('run', 'agent.sock'), { force: true });
      socket.destroy();
    });
    const done = await runCli(sandbox, REFUSED);
    expect([done.code, done.stderr]).toEqual([255, expect.stringMatching(/Connection refused\n$/)]);
  });

  it('makes a call fail after a few attempts, with one line', async () => {
    await using sandbox = createSandbox();
    let calls = 0;
    await fakeAgent(sandbox, (socket) => {
      calls++;
      socket.destroy();
    });
    const done = await runCli(sandbox, ['stats']);
    expect(done.stderr).toMatch(/^sshpool: the sshpool agent ended unexpectedly; its log: .*\n$/);
    expect([done.code, calls]).toEqual([255, 5]);
  });
});

describe('an agent that exits because it is idle', () => {
  it('loses no caller that connects at the same time', async () => {
    await using sandbox = createSandbox();
    const env = { SSH_POOL_AGENT_IDLE_TIMEOUT_MS: String(IDLE_MS) };
    const failures: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const { stderr } = await runCli(sandbox, REFUSED, { env });
      if (!/^sshpool: connect to .* Connection refused\n$/.test(stderr)) failures.push(stderr);
      // The start of a program takes a few milliseconds, in which the idle time of the agent ends.
      await pause(IDLE_MS - 15 + (round % 20));
    }
    expect(failures).toEqual([]);
  });
});
