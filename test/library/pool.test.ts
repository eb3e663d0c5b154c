/** The pool for programs: the common behaviour of the in-process pool and the pool over the user's agent. */
import { createHash, randomBytes } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  connectAgent,
  executeSSHCommand,
  SSHConnectionPool,
  type ConnectionPool,
  type HostConfig,
  type SSHPoolConfig,
} from 'sshpool';
import { PROTOCOL } from '../../src/wire/protocol.ts';
import { runCli, stopAgentAtTheEnd } from '../support/cli.ts';
import { startForeignAgent } from '../support/foreign-agent.ts';
import { libraryHost } from '../support/library-host.ts';
import { CLOSED_PORT } from '../support/port.ts';
import { processesNaming, until } from '../support/process.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd, type Sshd } from '../support/sshd.ts';

const sum = (of: Buffer): string => createHash('sha256').update(of).digest('hex');

async function* endless(): AsyncGenerator<Buffer> {
  for (;;) yield await Promise.resolve(Buffer.alloc(65_536));
}

type Make = (config?: Partial<SSHPoolConfig>) => Promise<ConnectionPool>;
const KINDS: readonly [name: string, make: Make][] = [
  [
    'in this process',
    (config) => Promise.resolve(new SSHConnectionPool({ configFile: 'none', ...config })),
  ],
  ['over the agent', ({ configFile = 'none' } = {}) => connectAgent({ configFile })],
];

describe.skipIf(!haveSshd()).each(KINDS)('a pool %s', (_name, make) => {
  let sandbox: Sandbox;
  let box: Sshd;
  let host: HostConfig;

  beforeAll(async () => {
    sandbox = createSandbox();
    box = await startSshd(sandbox);
    host = libraryHost(box);
    vi.stubEnv('SSH_POOL_RUNTIME_DIR', sandbox.run);
    stopAgentAtTheEnd(sandbox);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await sandbox[Symbol.asyncDispose]();
  });

  it('runs a command and returns its output and its exit status', async () => {
    await using pool = await make();
    const ran = await pool.run(host, 'echo out; echo err >&2; exit 3');
    expect(ran).toMatchObject({ stdout: 'out\n', stderr: 'err\n', exitCode: 3, signal: undefined });
  });

  it('reuses a connection', async () => {
    await using pool = await make();
    const before = box.logins();
    await pool.run(host, 'true');
    expect(await pool.run(host, 'true')).toMatchObject({ reused: true });
    expect(box.logins() - before).toBeLessThanOrEqual(1);
  });

  it('reports the signal that ended a command', async () => {
    await using pool = await make();
    expect(await pool.run(host, 'kill -TERM $$')).toMatchObject({ exitCode: 143, signal: 'TERM' });
  });

  it('sends a command its input', async () => {
    await using pool = await make();
    const bytes = randomBytes(5_000_000);
    const { stdout } = await pool.run(host, 'sha256sum', { input: bytes });
    expect(stdout).toBe(`${sum(bytes)}  -\n`);
  });

  it('gives a command no input unless told to', async () => {
    await using pool = await make();
    expect(await pool.run(host, 'cat')).toMatchObject({ stdout: '', exitCode: 0 });
  });

  it('streams both ways, at the speed of the slower one', async () => {
    await using pool = await make();
    const bytes = randomBytes(12_000_000);
    await using cat = await pool.exec(host, 'cat', { stdin: 'pipe' });
    const sent = pipeline([bytes], cat.stdin);
    const hash = createHash('sha256');
    for await (const chunk of cat.stdout) hash.update(chunk as Buffer);
    await sent;
    expect(hash.digest('hex')).toBe(sum(bytes));
    expect(await cat.exit).toMatchObject({ exitCode: 0 });
  });

  it('blocks a command whose output is not read', async () => {
    await using pool = await make();
    await using many = await pool.exec(host, 'head -c 30000000 /dev/zero; echo end >&2');
    let [bytes, isHeld] = [0, true];
    many.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (isHeld) many.stdout.pause();
    });
    await until(() => many.stdout.readableLength > 0, 'more has come');
    // Only one window of data can be in transit: the command cannot have ended.
    const ended = await Promise.race([
      many.exit.then(() => true),
      pool.run(host, 'true').then(() => false),
    ]);
    expect(ended).toBe(false);
    isHeld = false;
    many.stdout.resume();
    await many.exit;
    await until(() => bytes === 30_000_000, 'all has come');
  });

  it('ends a command if the program stops reading its output', async () => {
    await using pool = await make();
    await using yes = await pool.exec(host, 'yes');
    for await (const chunk of yes.stdout) {
      expect((chunk as Buffer).subarray(0, 2).toString()).toBe('y\n');
      break;
    }
    expect(await yes.exit).toMatchObject({ signal: 'PIPE' });
  });

  it('signals a command', async () => {
    await using pool = await make();
    await using sleep = await pool.exec(host, 'exec sleep 60');
    sleep.kill('INT');
    expect(await sleep.exit).toMatchObject({ signal: 'INT', exitCode: 130 });
  });

  it('refuses an unknown signal, and sends the next one', async () => {
    await using pool = await make();
    await using sleep = await pool.exec(host, 'exec sleep 60');
    expect(() => sleep.kill('SIGTERM' as never)).toThrow('signal: must be HUP, INT, QUIT, TERM');
    sleep.kill();
    expect(await sleep.exit).toMatchObject({ signal: 'TERM' });
  });

  it('gives an error to a program that writes after the command has ended', async () => {
    await using pool = await make();
    await using head = await pool.exec(host, 'head -c 10', { stdin: 'pipe' });
    await expect(pipeline(endless(), head.stdin)).rejects.toThrow('Premature close');
    expect(await head.exit).toMatchObject({ exitCode: 0 });
  });

  it('does not truncate long output silently', async () => {
    await using pool = await make();
    const run = pool.run(host, 'echo hello', { maxBytes: 3 });
    await expect(run).rejects.toMatchObject({ code: 'OUTPUT_TOO_LONG' });
  });

  it('ends a command with its AbortSignal, and says why', async () => {
    await using pool = await make();
    const controller = new AbortController();
    const { signal } = controller;
    const mark = `61.${process.pid}`;
    await using sleep = await pool.exec(host, `exec sleep ${mark}`, { signal });
    await until(() => processesNaming(mark).length > 0, 'it runs');
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(sleep.exit).rejects.toMatchObject({ code: 'CANCELLED', cause: reason });
    await until(() => processesNaming(mark).length === 0, 'it has ended');
  });

  it('does not start a command that was aborted before', async () => {
    await using pool = await make();
    const signal = AbortSignal.abort();
    await expect(pool.run(host, 'true', { signal })).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('ends a command at its timeout', async () => {
    await using pool = await make();
    await pool.run(host, 'true');
    const mark = `62.${process.pid}`;
    const run = pool.run(host, `exec sleep ${mark}`, { timeoutMs: 300 });
    await expect(run).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: 'timed out after 0.3 s',
    });
    await until(() => processesNaming(mark).length === 0, 'it has ended');
  });

  it('ends a command that prints too much', async () => {
    await using pool = await make();
    const run = pool.run(host, 'yes', { maxBytes: 100_000 });
    await expect(run).rejects.toMatchObject({
      code: 'OUTPUT_TOO_LONG',
      message: 'the command printed more than 100000 bytes',
    });
  });

  it('ends a command that the program disposes of', async () => {
    await using pool = await make();
    const mark = `63.${process.pid}`;
    {
      await using sleep = await pool.exec(host, `exec sleep ${mark}`);
      await until(() => processesNaming(mark).length > 0, 'it runs');
      expect(sleep.stdout.destroyed).toBe(false);
    }
    await until(() => processesNaming(mark).length === 0, 'it has ended');
  });

  it('reports why a host cannot be reached, and still works', async () => {
    await using pool = await make();
    const port = CLOSED_PORT;
    const run = pool.run({ ...host, port }, 'true');
    await expect(run).rejects.toMatchObject({ code: 'CONNECT_FAILED', exitCode: 255 });
    await expect(pool.getConnection({ ...host, port })).rejects.toMatchObject({
      code: 'CONNECT_FAILED',
    });
    expect(await pool.run(host, 'echo still')).toMatchObject({ stdout: 'still\n' });
  });

  it('does not trust a host whose key would need a prompt', async () => {
    await using pool = await make();
    const sshOptions = { UserKnownHostsFile: '/dev/null', GlobalKnownHostsFile: '/dev/null' };
    const run = pool.run({ ...host, sshOptions }, 'true');
    await expect(run).rejects.toMatchObject({ code: 'HOST_KEY_UNKNOWN' });
  });

  it('hands out a connection, and takes it back', async () => {
    await using pool = await make();
    const connection = await pool.getConnection(host);
    expect(await connection.run('echo one')).toMatchObject({ stdout: 'one\n' });
    expect(await connection.run('echo two')).toMatchObject({ stdout: 'two\n' });
    pool.releaseConnection(host, connection);
    await expect(connection.run('true')).rejects.toMatchObject({ code: 'RELEASED' });
    pool.releaseConnection(host, connection);
  });

  it('refuses to take back what it did not hand out', async () => {
    await using pool = await make();
    await using other = await make();
    using connection = await other.getConnection(host);
    const release = (): void => pool.releaseConnection(host, connection);
    expect(release).toThrow('connection: is not a connection to box from this pool');
    const releaseNothing = (): void => pool.releaseConnection(host, null as never);
    expect(releaseNothing).toThrow('connection: is not a connection to box from this pool');
    const nowhere = (): void => other.releaseConnection(null as never, connection);
    expect(nowhere).toThrow('host: must be an object');
  });

  it('releases with `using`', async () => {
    await using pool = await make();
    const kept = await (async () => {
      using connection = await pool.getConnection(host);
      return connection;
    })();
    await expect(kept.run('true')).rejects.toMatchObject({ code: 'RELEASED' });
  });

  it('ends its commands on a host whose connection is closed', async () => {
    await using pool = await make();
    const mark = `64.${process.pid}`;
    const sleep = await pool.exec(host, `exec sleep ${mark}`);
    await pool.closeConnection(host);
    await expect(sleep.exit).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    await until(() => processesNaming(mark).length === 0, 'it has ended');
    expect(await pool.run(host, 'echo again')).toMatchObject({ stdout: 'again\n' });
  });

  it('ends with closeAll, and refuses calls after it', async () => {
    const pool = await make();
    const mark = `65.${process.pid}`;
    const sleep = await pool.exec(host, `exec sleep ${mark}`);
    await pool.closeAll();
    await pool.closeAll();
    await expect(sleep.exit).rejects.toMatchObject({ code: 'POOL_CLOSED' });
    await expect(pool.run(host, 'true')).rejects.toMatchObject({ code: 'POOL_CLOSED' });
    await until(() => processesNaming(mark).length === 0, 'it has ended');
  });

  it('does the work of executeSSHCommand', async () => {
    await using pool = await make();
    expect(await executeSSHCommand(host, 'echo " text "', 5000, { pool })).toBe('text');
    await expect(
      executeSSHCommand(host, 'echo no >&2; exit 7', 5000, { pool }),
    ).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      message: 'Command failed with code 7: no',
      exitCode: 7,
    });
    const mark = `66.${process.pid}`;
    await expect(
      executeSSHCommand(host, `exec sleep ${mark}`, 200, { pool }),
    ).rejects.toMatchObject({ code: 'TIMED_OUT' });
    expect(await executeSSHCommand(host, 'echo still', 5000, { pool })).toBe('still');
    await until(() => processesNaming(mark).length === 0, 'it has ended');
  });

  it('ends a command that times out, also if the next command starts at once', async () => {
    await using pool = await make();
    const mark = `67.${process.pid}`;
    for (let round = 1; round <= 5; round += 1) {
      const run = pool.run(host, `exec sleep ${mark}`, { timeoutMs: 200 });
      await expect(run).rejects.toMatchObject({ code: 'TIMED_OUT' });
      expect(await pool.run(host, 'echo next')).toMatchObject({ stdout: 'next\n' });
    }
    await until(() => processesNaming(mark).length === 0, 'all have ended');
  });

  it('shows no prompt for a jump host either, and sends it no password', async () => {
    const options = { PubkeyAuthentication: 'no', PasswordAuthentication: 'yes' };
    await using hop = await startSshd(sandbox, { name: 'hop', options });
    const blocks = ['Host hop', 'BatchMode no', hop.hostBlock, 'Host box', 'ProxyJump hop'];
    await using pool = await make({ configFile: box.config(blocks.join('\n')) });
    const run = pool.run({ ...host, host: 'box' }, 'true');
    await expect(run).rejects.toMatchObject({ code: 'AUTH_FAILED' });
    expect(await hop.logAfterLogins()).not.toContain('Failed password');
  });

  it('reports that a command lost its connection', async () => {
    await using pool = await make();
    const lost = await pool.exec(host, 'exec sleep 60');
    await box.restart();
    await expect(lost.exit).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    expect(await pool.run(host, 'echo new')).toMatchObject({ stdout: 'new\n' });
  });
});

describe.skipIf(!haveSshd())('a pool over the agent', () => {
  it('continues with another agent if one of an older protocol took its place', async () => {
    await using sandbox = createSandbox();
    const host = libraryHost(await startSshd(sandbox));
    vi.stubEnv('SSH_POOL_RUNTIME_DIR', sandbox.run);
    try {
      stopAgentAtTheEnd(sandbox);
      await using pool = await connectAgent({ configFile: 'none' });
      await runCli(sandbox, ['agent', 'stop', '--force']);
      const heard = await startForeignAgent(sandbox, PROTOCOL - 1);
      expect(await pool.run(host, 'echo newer')).toMatchObject({ stdout: 'newer\n' });
      expect(heard).toContain('retire');
    } finally {
      vi.unstubAllEnvs();
    }
  });
});
