/** How the agent handles `ssh` and `shell`, seen by a caller that only speaks the protocol. */
import { createServer, type Server } from 'node:net';
import { userInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { alive, until } from '../support/process.ts';
import { RawCall, type RawCallOptions } from '../support/raw-call.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd, type Sshd } from '../support/sshd.ts';
import { poolStats } from '../support/stats.ts';

const CLOSED = 'Connection to 127.0.0.1 closed.\r';

type More = Partial<RawCallOptions>;

/** A call of `ssh` to the one server of a sandbox. */
const ssh = (sandbox: Sandbox, sshd: Sshd, words: readonly string[], more: More = {}) =>
  RawCall.make(sandbox, { command: 'ssh', argv: ['-F', sshd.config(), ...words], ...more });

async function echoServer(sandbox: Sandbox): Promise<number> {
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  sandbox.defer(() => new Promise((resolve) => server.close(() => resolve())));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

describe.skipIf(!haveSshd())('sshpool ssh', () => {
  it('runs a command as ssh does: without a terminal, and signals end the caller', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const call = await ssh(sandbox, sshd, ['box', 'cat; exit 3'], { stdin: 'through' });
    expect(await call.opened()).toMatchObject({ terminal: false, signals: false, stdin: true });
    expect(await call.last()).toMatchObject({ exitCode: 3, message: '', farewell: '' });
    expect(call.output()).toBe('through');
  });

  it.each(['ssh2', 'openssh'])('opens a shell with a terminal over %s', async (link) => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const agentEnv = { SSH_POOL_LINK: link };
    const call = await ssh(sandbox, sshd, ['box'], { terminal: true, agentEnv });
    expect(await call.opened()).toMatchObject({ terminal: true, escape: Buffer.from('~') });
    call.type('stty -a; echo $TERM; exit 5\r');
    expect(await call.last()).toMatchObject({ exitCode: 5, farewell: CLOSED });
    expect(call.output()).toMatch(/rows 24; columns 80;[^]* -echo [^]*\bvt100\b/);
  });

  it('sends the new size of the terminal', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const script = "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.05; done";
    const call = await ssh(sandbox, sshd, ['-t', 'box', script], { terminal: true });
    await call.shows('ready');
    call.send({ type: 'resized', columns: 132, rows: 50, width: 0, height: 0 });
    expect(await call.last()).toMatchObject({ exitCode: 0 });
    expect(call.output()).toContain('50 132');
  });

  it('uses the escape character of -e', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const call = await ssh(sandbox, sshd, ['-tte', '^]', 'box', 'true']);
    expect(await call.opened()).toMatchObject({ terminal: true, escape: Buffer.from([0x1d]) });
  });

  it('warns that it allocates no pseudo-terminal if stdin is not a terminal', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const call = await ssh(sandbox, sshd, ['-t', 'box', 'tty'], { stdin: '' });
    const text = 'Pseudo-terminal will not be allocated because stdin is not a terminal.\r\n';
    expect(await call.words()).toBe(text);
    expect(call.output()).toBe('not a tty\n');
  });

  it('runs RemoteCommand, and a shell if the command is empty', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const remote = await ssh(sandbox, sshd, ['-oRemoteCommand=echo %n', 'box'], { stdin: '' });
    await remote.last();
    expect(remote.output()).toBe('box\n');
    const shell = await ssh(sandbox, sshd, ['-q', 'box', ''], { stdin: 'echo from a shell\n' });
    await shell.last();
    expect(shell.output()).toBe('from a shell\n');
  });

  it('opens a subsystem', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    // SSH_FXP_INIT of version 3 is answered with SSH_FXP_VERSION.
    const hello = '\0\0\0\x05\x01\0\0\0\x03';
    const call = await ssh(sandbox, sshd, ['box', '-s', 'sftp']);
    await call.opened();
    call.type(hello);
    await call.shows('\x02\0\0\0\x03');
    call.send({ type: 'stdinEnd' });
    expect(await call.last()).toMatchObject({ exitCode: 0 });
  });

  it('forwards standard input to a port behind the server, with end of file each way', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const port = await echoServer(sandbox);
    const stdin = 'x'.repeat(50_000);
    const call = await ssh(sandbox, sshd, ['-W', `127.0.0.1:${port}`, 'box'], { stdin });
    expect(await call.opened()).toMatchObject({ terminal: false, stdin: true });
    expect(await call.last()).toMatchObject({ exitCode: 0, farewell: '' });
    expect(call.output()).toBe(stdin);
    expect((await poolStats(sandbox)).connections).toMatchObject([{ tunnels: 0, sessions: 0 }]);
  });

  it('exits with 255 for a remote command that died of a signal', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const call = await ssh(sandbox, sshd, ['box', 'kill -TERM $$'], { stdin: '' });
    expect(await call.last()).toMatchObject({ exitCode: 255, message: '', farewell: '' });
  });

  it('ends at once when the user disconnects with ~.', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const words = ['-t', 'box', "trap '' HUP; echo $$; exec sleep 60"];
    const call = await ssh(sandbox, sshd, words, { terminal: true });
    await call.shows('\n');
    call.send({ type: 'disconnect' });
    expect(await call.last()).toMatchObject({ exitCode: 255, farewell: CLOSED });
    process.kill(Number(call.output()), 'SIGKILL');
  });

  it('does not end a command without a terminal when its caller has gone', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const call = await ssh(sandbox, sshd, ['box', 'echo $$; exec sleep 60']);
    await call.shows('\n');
    const pid = Number(call.output());
    call.leave();
    // The server keeps the session while its command runs, so that no event can be awaited.
    await until(
      async () => (await poolStats(sandbox)).connections[0]?.sessions === 1,
      'it is left',
    );
    expect(alive(pid)).toBe(true);
    process.kill(pid, 'SIGKILL');
    await until(
      async () => (await poolStats(sandbox)).connections[0]?.sessions === 0,
      'it is gone',
    );
  });

  it('sends SIGHUP to a command with a terminal when its caller has gone', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const words = ['-t', 'box', 'echo $$; exec sleep 60'];
    const call = await ssh(sandbox, sshd, words, { terminal: true });
    await call.shows('\n');
    const pid = Number(call.output());
    expect(alive(pid)).toBe(true);
    call.leave();
    await until(() => !alive(pid), 'the command is hung up on');
  });

  it('shares its connection with scp, which sets ClearAllForwardings', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const config = sshd.config();
    for (const words of [
      ['box', 'true'],
      ['-oClearAllForwardings=yes', '-x', 'box', 'true'],
    ]) {
      const argv = ['-F', config, ...words];
      await (await RawCall.make(sandbox, { command: 'ssh', argv, stdin: '' })).last();
    }
    expect(sshd.logins()).toBe(1);
  });
});

describe.skipIf(!haveSshd())(
  'the agent delegates to ssh, with unchanged arguments and before any stdin,',
  () => {
    it.each([
      ['-N'],
      ['-L', '8888:a:1'],
      ['-oLocalForward=8888 a:1'],
      ['-oSessionType=none'],
      ['-oForkAfterAuthentication=yes'],
      ['-oNoSuchOption=1'],
      ['-oRemoteCommand=a'],
    ])('%s %s', async (...words) => {
      await using sandbox = createSandbox();
      const argv = ['-F', 'none', ...words, 'box.invalid', 'ls'];
      const call = await RawCall.make(sandbox, { command: 'ssh', argv });
      const last = await call.last();
      expect(last).toMatchObject({ type: 'delegate', to: 'ssh' });
      expect(last.type === 'delegate' ? last.argv.map(String) : []).toEqual(argv);
      expect(call.first('opened')).toBeUndefined();
    });

    it('a connection that forwards X11, if there is a display', async () => {
      await using sandbox = createSandbox();
      const sshd = await startSshd(sandbox);
      const words = ['-oForwardX11=yes', 'box', 'true'];
      const there = await ssh(sandbox, sshd, words, { env: { DISPLAY: ':9' } });
      expect(await there.last()).toMatchObject({ type: 'delegate', to: 'ssh' });
      const elsewhere = await ssh(sandbox, sshd, words);
      expect(await elsewhere.last()).toMatchObject({ type: 'exited', exitCode: 0 });
    });
  },
);

describe.skipIf(!haveSshd())('sshpool shell', () => {
  it('is a login shell with a terminal', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const argv = ['-F', sshd.config(), 'box'];
    const call = await RawCall.make(sandbox, { command: 'shell', argv, terminal: true });
    expect(await call.opened()).toMatchObject({ terminal: true, signals: false });
    call.type('echo $0; exit 4\r');
    expect(await call.last()).toMatchObject({ exitCode: 4, farewell: CLOSED });
    const { shell } = userInfo();
    expect(call.output()).toContain(`-${(shell ?? '').split('/').at(-1)}`);
  });

  it('fails with a message of sshpool', async () => {
    await using sandbox = createSandbox();
    const argv = ['-F', 'none', 'a.invalid'];
    const call = await RawCall.make(sandbox, { command: 'shell', argv, terminal: true });
    expect(await call.words()).toMatch(/^sshpool: Could not resolve hostname a\.invalid: /);
  });
});

describe.skipIf(!haveSshd())('sshpool exec with -t', () => {
  it('has a terminal, and the signals of its caller', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const argv = ['-F', sshd.config(), '-t', 'box', 'tty; exit 3'];
    const call = await RawCall.make(sandbox, { command: 'exec', argv, terminal: true });
    expect(await call.opened()).toMatchObject({ terminal: true, signals: true });
    expect(await call.last()).toMatchObject({ exitCode: 3, farewell: CLOSED });
    expect(call.output()).toContain('/dev/');
  });
});
