/** Prompts that a user does not answer: Ctrl-C, Ctrl-D, Ctrl-Z, signals, a timeout, a closed terminal. */
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/wire/protocol.ts';
import { PROGRAM, spawnCli } from '../support/cli.ts';
import { ACCEPTED, bytesOf, EXITED, fakeAgent, HELLO, OPENED } from '../support/fake-agent.ts';
import {
  alive,
  processesNaming,
  childrenOf,
  descendantsOf,
  signal,
  titleOf,
  until,
} from '../support/process.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd, type Sshd } from '../support/sshd.ts';
import { haveTerminals, Terminal } from '../support/terminal.ts';
import { lock } from '../support/lock-key.ts';

/** The command lines of ssh and of sshpool, whose results are compared. */
const BOTH = [['ssh', ['ssh']] as const, ['sshpool', [PROGRAM, 'exec']] as const];

const left = async (sshd: Sshd): Promise<void> =>
  void (await until(() => childrenOf(sshd.pid).length === 0, 'the server has no connection'));

/** A shell with a call that asks for a passphrase, and the terminal modes before it. */
async function asking(
  sandbox: Sandbox,
  words: readonly string[] = [PROGRAM, 'exec'],
  { loop = false } = {},
): Promise<{ sshd: Sshd; shell: Terminal; question: string; before: string }> {
  const sshd = await startSshd(sandbox);
  const question = lock(sshd, 'open sesame');
  const shell = await Terminal.shell(sandbox);
  const before = await shell.output('stty -a');
  const command = words.includes('warm') ? '' : 'echo through';
  const call = `${words.join(' ')} -F ${sshd.config()} box ${command}`;
  await shell.command(loop ? `bash -c 'for i in 1 2 3; do ${call}; done'` : call);
  await shell.asks(question);
  return { sshd, shell, question, before };
}

/** The process that asks. */
function clientIn(shell: Terminal): number {
  const pid = descendantsOf(shell.pid).find((one) => titleOf(one).includes('bin/sshpool'));
  if (pid === undefined) throw new Error('no client runs');
  return pid;
}

/** Each test checks that the server has no connection left, and that the terminal modes are restored. */
describe.skipIf(!haveSshd() || !haveTerminals())('a prompt that is left', () => {
  it.each([['exec'], ['exec', '--timeout', '60s'], ['warm']])(
    'by Ctrl-C, of %s',
    async (...words) => {
      await using sandbox = createSandbox();
      const { sshd, shell, before } = await asking(sandbox, [PROGRAM, ...words]);
      shell.type('open\u0003');
      await shell.shows('$ ');
      expect(await shell.output('echo $?')).toBe('130\r\n');
      expect(await shell.output('stty -a')).toBe(before);
      await left(sshd);
    },
  );

  it('by Ctrl-C over the openssh link', async () => {
    await using sandbox = createSandbox();
    const words = ['SSH_POOL_LINK=openssh', PROGRAM, 'exec'];
    const { sshd, shell, before } = await asking(sandbox, words);
    shell.type('\u0003');
    await shell.shows('$ ');
    expect(await shell.output('echo $?')).toBe('130\r\n');
    expect(await shell.output('stty -a')).toBe(before);
    await left(sshd);
  });

  it.each(BOTH)('by Ctrl-C ends the script that runs %s as well', async (_, words) => {
    await using sandbox = createSandbox();
    const { sshd, shell, question } = await asking(sandbox, words, { loop: true });
    shell.type('\u0003');
    await shell.shows('$ ');
    await left(sshd);
    expect(shell.screen.split(question)).toHaveLength(2);
  });

  it('by Ctrl-D is refused', async () => {
    await using sandbox = createSandbox();
    const { sshd, shell, before } = await asking(sandbox);
    shell.type('\u0004');
    await shell.shows('Permission denied');
    await shell.shows('$ ');
    expect(await shell.output('stty -a')).toBe(before);
    await left(sshd);
  });

  it.each([
    ['SIGTERM', 'exec', 143],
    ['SIGTERM', 'warm', 143],
    ['SIGHUP', 'exec', 129],
    ['SIGQUIT', 'exec', 131],
  ] as const)('by %s, of %s', async (name, command, status) => {
    await using sandbox = createSandbox();
    const { sshd, shell, before } = await asking(sandbox, [PROGRAM, command]);
    process.kill(clientIn(shell), name);
    await shell.shows('$ ');
    expect(await shell.output('echo $?')).toBe(`${status}\r\n`);
    expect(await shell.output('stty -a')).toBe(before);
    await left(sshd);
  });

  it('by its time limit', async () => {
    await using sandbox = createSandbox();
    const words = [PROGRAM, 'exec', '--timeout', '2s'];
    const { sshd, shell, before } = await asking(sandbox, words);
    await shell.shows('timed out');
    await shell.shows('$ ');
    expect(await shell.output('echo $?')).toBe('124\r\n');
    expect(await shell.output('stty -a')).toBe(before);
    await left(sshd);
  });

  it.each(['Ctrl-Z', 'SIGTSTP'])('by %s is shown again after fg', async (how) => {
    await using sandbox = createSandbox();
    const { sshd, shell, question, before } = await asking(sandbox);
    if (how === 'Ctrl-Z') shell.type('op\u001a');
    else process.kill(clientIn(shell), 'SIGTSTP');
    await shell.shows('Stopped');
    await shell.shows('$ ');
    expect(await shell.output('stty -a')).toBe(before);
    await shell.command('fg');
    await shell.shows(question);
    shell.type('open sesame\r');
    await shell.shows('through\r\n$ ');
    expect(await shell.output('stty -a')).toBe(before);
    expect(sshd.logins()).toBe(1);
  });

  it('with its terminal', async () => {
    await using sandbox = createSandbox();
    const { sshd, shell } = await asking(sandbox);
    const client = clientIn(shell);
    shell.hangUp();
    await left(sshd);
    await until(() => !alive(client), 'the client has ended');
    expect(sshd.logins()).toBe(0);
  });
});

describe('a question of an agent', () => {
  const ASK: Message = { type: 'ask', id: 1, text: 'Code: ', echo: false };

  /** An agent that asks, and then leaves the call to the test. */
  async function askingAgent(sandbox: Sandbox): Promise<() => Socket> {
    let caller: Socket | undefined;
    await fakeAgent(sandbox, (socket) => {
      caller = socket;
      socket.write(bytesOf(HELLO, ACCEPTED, ASK));
    });
    return () => {
      if (caller === undefined) throw new Error('there was no call');
      return caller;
    };
  }

  it('ends by SIGTERM at once, also if a child of the askpass program lives on', async () => {
    await using sandbox = createSandbox();
    await askingAgent(sandbox);
    const note = sandbox.path('child');
    const program = `#!/bin/sh\nsleep 600 &\necho $! > ${note}.new; mv ${note}.new ${note}; wait\n`;
    const askpass = sandbox.write('askpass', program);
    chmodSync(askpass, 0o700);
    const env = { SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force' };
    const call = spawnCli(sandbox, ['exec', 'box', 'true'], { env });
    const ended = once(call, 'exit');
    await until(() => existsSync(note), 'the askpass program runs');
    const child = Number(readFileSync(note, 'utf8'));
    sandbox.defer(async () => {
      signal(child, 'SIGKILL');
      await until(() => processesNaming(sandbox.run).length === 0, 'the askpass program ends');
    });
    call.kill('SIGTERM');
    expect(await ended).toEqual([null, 'SIGTERM']);
    expect(alive(child)).toBe(true);
  });

  it.skipIf(!haveTerminals())('does not stop a call that no shell could continue', async () => {
    await using sandbox = createSandbox();
    const caller = await askingAgent(sandbox);
    const terminal = Terminal.run(sandbox, [PROGRAM, 'exec', 'box', 'true']);
    await terminal.shows('Code: ');
    terminal.type('\u001a');
    // It is asked again: Ctrl-Z had no effect.
    await terminal.shows('Code: ');
    caller().end(bytesOf(EXITED));
    expect(await terminal.ended).toBe(3);
  });

  it.skipIf(!haveTerminals())('is taken back when the command starts', async () => {
    await using sandbox = createSandbox();
    const caller = await askingAgent(sandbox);
    const terminal = Terminal.run(sandbox, [PROGRAM, 'exec', 'box', 'true']);
    await terminal.shows('Code: ');
    const asks = (): boolean =>
      descendantsOf(terminal.pid).some((pid) => titleOf(pid).includes('prompt.cjs'));
    expect(asks()).toBe(true);
    caller().write(bytesOf({ ...OPENED, stdin: false }));
    await until(() => !asks(), 'no program asks');
    caller().end(bytesOf(EXITED));
    expect(await terminal.ended).toBe(3);
  });
});
