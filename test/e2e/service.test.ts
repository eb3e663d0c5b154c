/** An agent whose socket is that of a service manager, which goes on listening when the agent ends. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, readFileSync, rmSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { agentPid } from '../../src/config/settings/agent-pid.ts';
import { PROGRAM, runCli, type Result } from '../support/cli.ts';
import { bytesOf, HELLO } from '../support/fake-agent.ts';
import { alive, until } from '../support/process.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { serviceManager } from '../support/service-manager.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';

const inode = (path: string): number | undefined => lstatSync(path, { throwIfNoEntry: false })?.ino;

async function agent(sandbox: Sandbox, other?: number): Promise<number> {
  return until(async () => {
    const pid = await agentPid(sandbox.paths);
    return pid === other ? undefined : pid;
  }, 'an agent runs');
}

/** A caller that is connected, and gets an answer once an agent accepts. */
async function request(path: string): Promise<{ answer: Promise<unknown> }> {
  const socket = createConnection(path);
  await once(socket, 'connect');
  socket.write(bytesOf(HELLO));
  const answer = once(socket, 'data').finally(() => socket.destroy());
  return { answer };
}

/** A command that waits until its file is there. */
async function waiting(
  sandbox: Sandbox,
  config: string,
): Promise<{ done: Promise<Result>; finish: () => void }> {
  const [begun, gate] = [sandbox.path('begun'), sandbox.path('gate')];
  const command = `touch ${begun}; until [ -e ${gate} ]; do sleep 0.1; done; exit 6`;
  const done = runCli(sandbox, ['exec', '-F', config, 'box', command]);
  await until(() => existsSync(begun), 'the command runs');
  return { done, finish: () => void sandbox.write('gate', '') };
}

describe.skipIf(!haveSshd())('an agent of a service manager', () => {
  it('serves the call that made the manager start it', async () => {
    await using sandbox = createSandbox();
    const manager = await serviceManager(sandbox);
    const sshd = await startSshd(sandbox);
    const before = inode(sandbox.paths.socket);
    const call = runCli(sandbox, ['exec', '-F', sshd.config(), 'box', 'cat; exit 4'], {
      stdin: 'in',
    });
    manager.start();
    expect(await call).toMatchObject({ code: 4, stdout: Buffer.from('in'), stderr: '' });
    expect(inode(sandbox.paths.socket)).toBe(before);
    expect(readFileSync(sandbox.paths.log, 'utf8')).toMatch(/agent \S+ started/);
  });

  it('leaves the socket where it was, and the next agent serves there', async () => {
    await using sandbox = createSandbox();
    const manager = await serviceManager(sandbox);
    const before = inode(sandbox.paths.socket);
    manager.start();
    const first = await agent(sandbox);
    expect(await runCli(sandbox, ['agent', 'stop'])).toMatchObject({ code: 0 });
    await until(() => !alive(first), 'the first one is gone');
    expect(inode(sandbox.paths.socket)).toBe(before);
    const status = runCli(sandbox, ['agent', 'status']);
    manager.start();
    expect(await status).toMatchObject({ code: 0 });
    expect(await agent(sandbox)).not.toBe(first);
  });

  it('that waits for its commands lets calls start another agent', async () => {
    await using sandbox = createSandbox();
    const manager = await serviceManager(sandbox);
    const sshd = await startSshd(sandbox);
    manager.start();
    const first = await agent(sandbox);
    const command = await waiting(sandbox, sshd.config());
    const stop = runCli(sandbox, ['agent', 'stop']);
    const second = await until(async () => {
      await runCli(sandbox, ['exec', '-F', sshd.config(), 'box', 'true']);
      const pid = await agentPid(sandbox.paths);
      return pid === first ? undefined : pid;
    }, 'a call starts another agent');
    expect(alive(first)).toBe(true);
    command.finish();
    expect(await command.done).toMatchObject({ code: 6, stderr: '' });
    expect(await stop).toMatchObject({ code: 0 });
    await until(() => !alive(first), 'the first one is gone');
    expect(await agentPid(sandbox.paths)).toBe(second);
    expect(inode(sandbox.paths.socket)).not.toBe(inode(sandbox.paths.service));
  });

  it('that waits for its commands gives the socket back when they have ended', async () => {
    await using sandbox = createSandbox();
    const manager = await serviceManager(sandbox);
    const sshd = await startSshd(sandbox);
    const before = inode(sandbox.paths.socket);
    manager.start();
    const first = await agent(sandbox);
    const command = await waiting(sandbox, sshd.config());
    const stop = runCli(sandbox, ['agent', 'stop']);
    await until(() => !existsSync(sandbox.paths.socket), 'it takes no more calls');
    command.finish();
    await Promise.all([command.done, stop]);
    await until(() => !alive(first), 'it is gone');
    expect(inode(sandbox.paths.socket)).toBe(before);
  });

  it('does not hand the socket to the programs that it starts', async () => {
    await using sandbox = createSandbox();
    const manager = await serviceManager(sandbox);
    const sshd = await startSshd(sandbox);
    manager.start();
    await agent(sandbox);
    const list = sandbox.path('list');
    const proxy = `sh -c 'ls -l /proc/self/fd/ > ${list}; env >> ${list}; exit 1'`;
    const words = ['exec', '-F', sshd.config(), '-o', `ProxyCommand=${proxy}`, 'box', 'true'];
    await runCli(sandbox, words, { env: { SSH_POOL_FALLBACK: 'off' } });
    expect(readFileSync(list, 'utf8')).not.toMatch(/ [3-9] -> socket|LISTEN_/);
  });

  it('opens no debugger by SIGUSR1', async () => {
    await using sandbox = createSandbox();
    const manager = await serviceManager(sandbox);
    manager.start();
    const pid = await agent(sandbox);
    process.kill(pid, 'SIGUSR1');
    const status = await runCli(sandbox, ['agent', 'status']);
    expect(status.code).toBe(0);
    await runCli(sandbox, ['agent', 'stop']);
    expect(await manager.end()).toBe('');
  });

  it('ends with one line where the manager listens elsewhere', async () => {
    await using sandbox = createSandbox();
    const other = sandbox.path('other.sock');
    const manager = await serviceManager(sandbox, other);
    manager.start();
    expect(await manager.end()).toBe(
      `sshpool: the sshpool agent did not start: the service listens on ${other}, and not on ` +
        `${sandbox.paths.service}; call sshpool setup --service again; its log: ${sandbox.paths.log}\n`,
    );
  });

  it('that another agent has displaced serves who waits, and leaves the other one alone', async () => {
    await using sandbox = createSandbox();
    const manager = await serviceManager(sandbox);
    const { answer } = await request(sandbox.paths.socket);
    rmSync(sandbox.paths.socket);
    await runCli(sandbox, ['agent', 'start']);
    const other = await agent(sandbox);
    const place = inode(sandbox.paths.socket);
    manager.start();
    await answer;
    expect(await agentPid(sandbox.paths)).toBe(other);
    expect(inode(sandbox.paths.socket)).toBe(place);
    // It leaves by itself: nothing that sandbox starts may be left.
    expect(await manager.end()).toBe('');
  });

  it('refuses a socket that other users could reach', async () => {
    await using sandbox = createSandbox();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { _handle: handle } = server as unknown as { _handle: { fd: number } };
    const script = 'LISTEN_PID=$$ LISTEN_FDS=1; export LISTEN_PID LISTEN_FDS; exec "$@"';
    const done = spawnSync('/bin/sh', ['-c', script, 'sh', PROGRAM, 'agent', 'run'], {
      env: sandbox.env,
      stdio: ['ignore', 'pipe', 'pipe', handle.fd],
      encoding: 'utf8',
      timeout: 60_000,
    });
    server.close();
    expect(done.status).toBe(255);
    expect(done.stderr).toMatch(/: the service listens on no unix socket, and not on .*\n$/);
  });

  it('ends with one line where it gets several sockets', async () => {
    await using sandbox = createSandbox();
    const manager = await serviceManager(sandbox);
    manager.start(2);
    expect(await manager.end()).toMatch(
      /^sshpool: .*the service has 2 sockets for it, and not one.*\n$/,
    );
  });
});
