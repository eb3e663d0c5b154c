/** A call in a terminal: raw mode and its restoration, size, escape characters. */
import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/wire/protocol.ts';
import { PROGRAM } from '../support/cli.ts';
import { ACCEPTED, EXITED, HELLO, OPENED, bytesOf, fakeAgent } from '../support/fake-agent.ts';
import { descendantsOf, titleOf, until } from '../support/process.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';
import { Terminal, haveTerminals } from '../support/terminal.ts';

const FAREWELL: Message = { ...EXITED, farewell: 'Connection to box closed.\r' };

function inTerminal(how: { escape?: string; signals?: boolean } = {}): typeof OPENED {
  const { escape = '~', signals = false } = how;
  return { ...OPENED, terminal: true, escape: Buffer.from(escape), signals };
}

interface Agent {
  /** The messages of the callers, without standard input. */
  readonly said: Message[];
  stdin(): string;
  socket(): Socket;
}

/** An agent that opens a terminal for each call, and then leaves it to the test. */
async function terminalAgent(
  sandbox: Sandbox,
  opened: Message = inTerminal(),
  onMessage: (message: Message, socket: Socket) => void = () => undefined,
): Promise<Agent> {
  const said: Message[] = [];
  let stdin = '';
  let current: Socket | undefined;
  await fakeAgent(
    sandbox,
    (socket) => {
      current = socket;
      const window: Message = { type: 'window', bytes: 1000 };
      const prompt: Message = { type: 'stdout', data: Buffer.from('remote> ') };
      socket.write(bytesOf(HELLO, ACCEPTED, opened, window, prompt));
    },
    (message, socket) => {
      if (message?.type === 'stdin') stdin += message.data.toString();
      else if (message !== undefined) said.push(message);
      // At the end of a test, a request (agent stop) may arrive.
      if (message?.type === 'request') socket.destroy();
      if (message !== undefined) onMessage(message, socket);
    },
  );
  return {
    said,
    stdin: () => stdin,
    socket() {
      if (current === undefined) throw new Error('there was no call');
      return current;
    },
  };
}

const end = (message: Message, socket: Socket): void => {
  if (message.type === 'disconnect') socket.end(bytesOf({ ...FAREWELL, exitCode: 255 }));
};

const terminalOf = (shell: Terminal): string => readlinkSync(`/proc/${shell.pid}/fd/0`);

const modesOf = (shell: Terminal): string =>
  execFileSync('stty', ['-F', terminalOf(shell), '-a'], { encoding: 'utf8' });

/** The process that runs in the shell's terminal and has the words on its command line. */
const pidOf = (shell: Terminal, words: string): Promise<number> =>
  until(() => descendantsOf(shell.pid).find((pid) => titleOf(pid).includes(words)), words);

const CALL = `'${PROGRAM}' ssh box`;

async function call(shell: Terminal, line = CALL): Promise<void> {
  await shell.command(line);
  await shell.shows('remote> ');
}

describe.skipIf(!haveTerminals())('a call in a terminal', () => {
  it('sends the size and the modes of the terminal', async () => {
    await using sandbox = createSandbox();
    const agent = await terminalAgent(sandbox);
    const shell = await Terminal.shell(sandbox);
    await shell.output('stty rows 33 cols 101 intr ^B quit undef -ixon 38400');
    await call(shell);
    const exec = agent.said.find(({ type }) => type === 'exec');
    if (exec?.type !== 'exec') throw new Error('no exec');
    expect(exec).toMatchObject({ columns: 101, rows: 33, command: 'ssh', terminals: 7 });
    const modes = new Map<number, number>();
    for (let at = 0; at + 5 <= exec.modes.length; at += 5)
      modes.set(exec.modes.readUInt8(at), exec.modes.readUInt32BE(at + 1));
    expect(exec.modes.length % 5).toBe(1);
    expect(exec.modes.at(-1)).toBe(0);
    // VINTR, VQUIT, IXON, ECHO, speed in, speed out
    expect([1, 2, 38, 53, 128, 129].map((opcode) => modes.get(opcode))).toEqual([
      2, 255, 0, 1, 38400, 38400,
    ]);
  });

  it.skipIf(!haveSshd())('makes the terminal raw as ssh does', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    await terminalAgent(sandbox);
    const shell = await Terminal.shell(sandbox);
    await shell.command(`ssh -F '${sshd.config()}' -t box 'echo there; read line'`);
    await shell.shows('there\r\n');
    const expected = modesOf(shell);
    shell.type('\r');
    await shell.shows('closed.\r\r\n');
    expect(modesOf(shell)).not.toBe(expected);
    await call(shell);
    expect(modesOf(shell)).toBe(expected);
  });

  it('prints the closing message after it has restored the terminal', async () => {
    await using sandbox = createSandbox();
    const agent = await terminalAgent(sandbox);
    const shell = await Terminal.shell(sandbox);
    const before = modesOf(shell);
    await call(shell);
    agent.socket().end(bytesOf({ type: 'stdout', data: Buffer.from('bye\r\n') }, FAREWELL));
    await shell.shows('bye\r\nConnection to box closed.\r\r\n$ ');
    expect(await shell.output('echo $?')).toBe('3\r\n');
    expect(modesOf(shell)).toBe(before);
  });

  it('restores the terminal if the agent ends', async () => {
    await using sandbox = createSandbox();
    const agent = await terminalAgent(sandbox);
    const shell = await Terminal.shell(sandbox);
    const before = modesOf(shell);
    await call(shell);
    agent.socket().destroy();
    await shell.shows('the sshpool agent ended unexpectedly');
    await shell.shows('\r\n$ ');
    expect(modesOf(shell)).toBe(before);
  });

  it.each(['INT', 'TERM', 'HUP', 'QUIT'])('exits with 255 at SIG%s, as ssh does', async (name) => {
    await using sandbox = createSandbox();
    await terminalAgent(sandbox);
    const shell = await Terminal.shell(sandbox);
    const before = modesOf(shell);
    await call(shell);
    process.kill(await pidOf(shell, 'ssh box'), `SIG${name}`);
    await shell.shows('$ ');
    expect(await shell.output('echo $?')).toBe('255\r\n');
    expect(modesOf(shell)).toBe(before);
  });

  it.each([
    ['exec', 'USR1', '138\r\n'],
    ['ssh', 'USR2', '140\r\n'],
    ['exec', 'QUIT', '131\r\n'],
  ])('gives the terminal back where %s dies of SIG%s', async (command, name, status) => {
    await using sandbox = createSandbox();
    await terminalAgent(sandbox, inTerminal({ signals: command === 'exec' }));
    const shell = await Terminal.shell(sandbox);
    const before = modesOf(shell);
    await call(shell, `'${PROGRAM}' ${command} box`);
    process.kill(await pidOf(shell, `${command} box`), `SIG${name}`);
    await shell.shows('$ ');
    expect(await shell.output('echo $?')).toBe(status);
    expect(modesOf(shell)).toBe(before);
  });

  it('forwards the first signal in a terminal, too, and dies of the second', async () => {
    await using sandbox = createSandbox();
    const agent = await terminalAgent(sandbox, inTerminal({ signals: true }));
    const shell = await Terminal.shell(sandbox);
    const before = modesOf(shell);
    await call(shell, `'${PROGRAM}' exec box`);
    const pid = await pidOf(shell, 'exec box');
    process.kill(pid, 'SIGTERM');
    await until(() => agent.said.some(({ type }) => type === 'signal'), 'a signal');
    process.kill(pid, 'SIGTERM');
    await shell.shows('$ ');
    expect(await shell.output('echo $?')).toBe('143\r\n');
    expect(modesOf(shell)).toBe(before);
  });

  it('sends each new size', async () => {
    await using sandbox = createSandbox();
    const agent = await terminalAgent(sandbox);
    const shell = await Terminal.shell(sandbox);
    await call(shell);
    execFileSync('stty', ['-F', terminalOf(shell), 'rows', '51', 'cols', '17']);
    await until(() => agent.said.some(({ type }) => type === 'resized'), 'a new size');
    expect(agent.said).toContainEqual(
      expect.objectContaining({ type: 'resized', rows: 51, columns: 17 }),
    );
  });

  it('sends the typed bytes unchanged', async () => {
    await using sandbox = createSandbox();
    const agent = await terminalAgent(sandbox);
    const shell = await Terminal.shell(sandbox);
    await call(shell);
    const typed = 'a~.\x03\x1a\x1c\x11\x13\r~~~.\n~x~~\x04';
    shell.type(typed);
    await until(() => agent.stdin().endsWith('\x04'), 'all of it arrives');
    expect(agent.stdin()).toBe('a~.\x03\x1a\x1c\x11\x13\r~~.\n~x~~\x04');
  });

  it('has no escape characters if the agent sets none', async () => {
    await using sandbox = createSandbox();
    const agent = await terminalAgent(sandbox, inTerminal({ escape: '' }));
    const shell = await Terminal.shell(sandbox);
    await call(shell);
    shell.type('~.\r~?~~');
    await until(() => agent.stdin().endsWith('~~'), 'all of it arrives');
    expect(agent.stdin()).toBe('~.\r~?~~');
  });

  it('ends the call at ~.', async () => {
    await using sandbox = createSandbox();
    const agent = await terminalAgent(sandbox, inTerminal(), end);
    const shell = await Terminal.shell(sandbox);
    const before = modesOf(shell);
    await call(shell);
    shell.type('x\r~.never sent');
    await shell.shows('Connection to box closed.\r\r\n$ ');
    expect(await shell.output('echo $?')).toBe('255\r\n');
    expect(modesOf(shell)).toBe(before);
    expect(agent.stdin()).toBe('x\r');
  });

  it('ends at ~. also if the agent does not answer, and prints none of its later output', async () => {
    await using sandbox = createSandbox();
    await terminalAgent(sandbox, inTerminal(), (message, socket) => {
      if (message.type !== 'disconnect') return;
      socket.write(bytesOf({ type: 'stdout', data: Buffer.from('too late') }));
    });
    const shell = await Terminal.shell(sandbox);
    const before = modesOf(shell);
    await call(shell);
    shell.type('~.');
    await shell.shows('sshpool: the sshpool agent does not answer');
    await shell.shows('\r\n$ ');
    expect(shell.screen).not.toContain('too late');
    expect(await shell.output('echo $?')).toBe('255\r\n');
    expect(modesOf(shell)).toBe(before);
  });

  it('explains its escape characters at ~?', async () => {
    await using sandbox = createSandbox();
    const agent = await terminalAgent(sandbox, inTerminal({ escape: '%' }));
    const shell = await Terminal.shell(sandbox);
    await call(shell);
    shell.type('%?y');
    await shell.shows('%?\r\nSupported escape sequences:\r\n %.   - terminate session\r\n');
    await shell.shows(' %%   - send the escape character by typing it twice\r\n');
    await until(() => agent.stdin() !== '', 'the rest arrives');
    expect(agent.stdin()).toBe('y');
  });

  it('restores the terminal when ~^Z stops it, and continues in raw mode', async () => {
    await using sandbox = createSandbox();
    const agent = await terminalAgent(sandbox);
    const shell = await Terminal.shell(sandbox);
    const before = modesOf(shell);
    await call(shell);
    const raw = modesOf(shell);
    shell.type('~\x1a');
    await shell.shows('~^Z [suspend ssh]\r\n');
    await shell.shows('Stopped');
    await shell.shows('$ ');
    expect(modesOf(shell)).toBe(before);
    await shell.output('stty rows 50 cols 40');
    await shell.command('fg');
    await until(() => agent.said.some(({ type }) => type === 'resized'), 'the size');
    expect(modesOf(shell)).toBe(raw.replace(/rows \d+; columns \d+/, 'rows 50; columns 40'));
    shell.type('z');
    await until(() => agent.stdin() === 'z', 'the rest arrives');
  });

  it('waits for the terminal when it continues in the background, and does not change it', async () => {
    await using sandbox = createSandbox();
    const agent = await terminalAgent(sandbox);
    const shell = await Terminal.shell(sandbox);
    const before = modesOf(shell);
    await call(shell);
    shell.type('~\x1a');
    await shell.shows('Stopped');
    await shell.shows('$ ');
    await shell.command('bg');
    await shell.shows('$ ');
    await until(async () => (await shell.output('jobs')).includes('Stopped'), 'it is stopped');
    expect(modesOf(shell)).toBe(before);
    await shell.command('fg');
    await until(() => modesOf(shell).includes('-icanon'), 'raw mode');
    agent.socket().end(bytesOf(FAREWELL));
    await shell.shows('closed.\r\r\n$ ');
    expect(modesOf(shell)).toBe(before);
  });

  it('restores the terminal while SIGTSTP stops it', async () => {
    await using sandbox = createSandbox();
    await terminalAgent(sandbox);
    const shell = await Terminal.shell(sandbox);
    const before = modesOf(shell);
    await call(shell);
    const pid = await pidOf(shell, 'ssh box');
    process.kill(pid, 'SIGTSTP');
    await shell.shows('Stopped');
    await shell.shows('$ ');
    expect(modesOf(shell)).toBe(before);
    // A stopped job gets the signal when it continues; the shell keeps the terminal.
    await shell.output('kill %1; bg; wait');
    expect(modesOf(shell)).toBe(before);
  });

  it('returns to raw mode when it continues after SIGSTOP', async () => {
    await using sandbox = createSandbox();
    const agent = await terminalAgent(sandbox);
    const shell = await Terminal.shell(sandbox);
    const before = modesOf(shell);
    await call(shell);
    const raw = modesOf(shell);
    process.kill(await pidOf(shell, 'ssh box'), 'SIGSTOP');
    await shell.shows('Stopped');
    await shell.shows('$ ');
    expect(modesOf(shell)).toBe(before);
    await shell.command('fg');
    await until(() => modesOf(shell) === raw, 'raw mode');
    agent.socket().end(bytesOf(FAREWELL));
    await shell.shows('closed.\r\r\n$ ');
    expect(modesOf(shell)).toBe(before);
  });

  it('waits in the background for the terminal, as ssh does', async () => {
    await using sandbox = createSandbox();
    const agent = await terminalAgent(sandbox);
    const shell = await Terminal.shell(sandbox);
    const before = modesOf(shell);
    await shell.command(`${CALL} &`);
    await until(() => agent.said.some(({ type }) => type === 'exec'), 'the call');
    await shell.output('jobs');
    expect(modesOf(shell)).toBe(before);
    await shell.command('fg');
    await until(() => modesOf(shell).includes('-icanon'), 'raw mode');
    shell.type('q');
    await until(() => agent.stdin() === 'q', 'input arrives');
  });

  it('does not change the terminal if the call has no input', async () => {
    await using sandbox = createSandbox();
    const agent = await terminalAgent(sandbox, { ...inTerminal(), stdin: false });
    const shell = await Terminal.shell(sandbox);
    await call(shell);
    expect(modesOf(shell)).toMatch(/ icanon /);
    agent.socket().end(bytesOf(EXITED));
    await shell.shows('$ ');
  });

  it('never puts a terminal that it shares into non-blocking mode', async () => {
    await using sandbox = createSandbox();
    await terminalAgent(sandbox);
    const shell = await Terminal.shell(sandbox);
    const flags = (): string | undefined =>
      /flags:\s+(\d+)/.exec(readFileSync(`/proc/${shell.pid}/fdinfo/0`, 'utf8'))?.[1];
    const before = flags();
    await call(shell);
    expect(flags()).toBe(before);
  });

  it('continues if its output cannot be written, and restores the terminal', async () => {
    await using sandbox = createSandbox();
    const agent = await terminalAgent(sandbox);
    const shell = await Terminal.shell(sandbox);
    const before = modesOf(shell);
    await shell.command(`${CALL} >/dev/full`);
    await until(() => agent.said.some(({ type }) => type === 'stdoutClosed'), 'the agent hears');
    shell.type('typed');
    await until(() => agent.stdin() === 'typed', 'input arrives');
    agent.socket().end(bytesOf(FAREWELL));
    await shell.shows('closed.\r\r\n$ ');
    expect(modesOf(shell)).toBe(before);
  });

  it('restores the terminal also if the remote has closed its input', async () => {
    await using sandbox = createSandbox();
    const agent = await terminalAgent(sandbox);
    const shell = await Terminal.shell(sandbox);
    const before = modesOf(shell);
    await call(shell);
    agent.socket().end(bytesOf({ type: 'stdinClosed' }, FAREWELL));
    await shell.shows('closed.\r\r\n$ ');
    expect(modesOf(shell)).toBe(before);
  });

  it.each(['<&-', '</dev/null', '>&-', '2>&-'])('ends well with %s', async (redirection) => {
    await using sandbox = createSandbox();
    const agent = await terminalAgent(sandbox);
    const shell = await Terminal.shell(sandbox);
    const before = modesOf(shell);
    await shell.command(`${CALL} ${redirection}`);
    await until(() => agent.said.some(({ type }) => type === 'exec'), 'the call');
    agent.socket().end(bytesOf(EXITED));
    await shell.shows('$ ');
    expect(await shell.output('echo $?')).toBe('3\r\n');
    expect(modesOf(shell)).toBe(before);
  });

  it('ends its notes with CR LF in raw mode', async () => {
    await using sandbox = createSandbox();
    const agent = await terminalAgent(sandbox);
    const shell = await Terminal.shell(sandbox);
    await call(shell);
    agent.socket().write(bytesOf({ type: 'note', text: 'so it is' }));
    await shell.shows('so it is');
    await until(() => shell.screen.endsWith('\n'), 'the line ends');
    expect(shell.screen).toMatch(/so it is\r\n$/);
  });
});
