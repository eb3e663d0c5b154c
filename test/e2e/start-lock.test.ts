/** The lock for the start of an agent: launcher, Node client and files at its path. */
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { takeLock } from '../../src/client/call/lock.ts';
import { runCli, runProgram, spawnCli } from '../support/cli.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';

const NODE_CLIENT = fileURLToPath(new URL('../../bin/sshpool.js', import.meta.url));

/** The files after every start. */
const LEFT = ['agent.log', 'agent.pid', 'agent.sock'];

/** Holds the lock, and never starts an agent. */
async function stuckHolder(sandbox: Sandbox): Promise<{ readonly server: Server; end(): void }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket.on('error', () => undefined)));
  await once(server.listen(sandbox.path('run/agent.lock')), 'listening');
  const end = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  sandbox.defer(async () => end());
  return { server, end };
}

describe.runIf(haveSshd())('the lock of a start', () => {
  it.each<[what: string, leave: (path: string) => void]>([
    ['the id of a living process', (path) => writeFileSync(path, String(process.pid))],
    ['an empty file', (path) => writeFileSync(path, '')],
    ['a directory', (path) => mkdirSync(path)],
  ])('is taken over if %s is in its place', async (_, leave) => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    leave(sandbox.path('run/agent.lock'));
    const done = await runCli(sandbox, ['exec', '-F', sshd.config(), 'box', 'true']);
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(sandbox.run).toSorted()).toEqual(LEFT);
  });

  it('is waited for, and taken when its holder ends', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const holder = await stuckHolder(sandbox);
    const child = spawnCli(sandbox, ['exec', '-F', sshd.config(), 'box', 'true']);
    child.stdin.end();
    const ended = once(child, 'close');
    await once(holder.server, 'connection');
    expect(readdirSync(sandbox.run)).toEqual(['agent.lock']);
    holder.end();
    expect(await ended).toEqual([0, null]);
    expect(readdirSync(sandbox.run).toSorted()).toEqual(LEFT);
  });

  it('is waited for 15 s, and then named in the error', async () => {
    await using sandbox = createSandbox();
    await stuckHolder(sandbox);
    const env = { SSH_POOL_FALLBACK: 'off' };
    const { code, stderr, ms } = await runCli(sandbox, ['exec', 'box', 'true'], { env });
    expect({ code, lines: stderr.match(/\n/g)?.length }).toEqual({ code: 255, lines: 1 });
    expect(stderr).toContain(
      `it holds the lock ${sandbox.path('run/agent.lock')}: end that process`,
    );
    expect(ms).toBeGreaterThan(14_000);
    expect(ms).toBeLessThan(28_000);
  });

  it('of the library makes calls wait, of which one then starts the agent', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const lock = await takeLock(sandbox.path('run/agent.lock'), 1000);
    const args = ['exec', '-F', sshd.config(), 'box', 'true'];
    const calls = Array.from({ length: 12 }, (_, number) =>
      number % 3 === 0
        ? runProgram(sandbox, [process.execPath, NODE_CLIENT, ...args])
        : runCli(sandbox, args),
    );
    lock?.release();
    const codes = (await Promise.all(calls)).map(({ code, stderr }) => ({ code, stderr }));
    expect(codes).toEqual(calls.map(() => ({ code: 0, stderr: '' })));
    const log = readFileSync(sandbox.path('run/agent.log'), 'utf8');
    expect(log.match(/ started, pid /g)).toHaveLength(1);
    expect(readdirSync(sandbox.run).toSorted()).toEqual(LEFT);
  });
});
