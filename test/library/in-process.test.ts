/** Features of the in-process pool only: counts, events, limits, its own settings. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  DEFAULT_POOL_CONFIG,
  executeSSHCommand,
  generatePoolKey,
  getGlobalPool,
  SSHConnectionPool,
  SshpoolError,
  type HostConfig,
  type SSHPoolConfig,
} from 'sshpool';
import { libraryHost } from '../support/library-host.ts';
import { until } from '../support/process.ts';
import { startRelay } from '../support/relay.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd, type Sshd } from '../support/sshd.ts';

const make = (config: Partial<SSHPoolConfig> = {}): SSHConnectionPool =>
  new SSHConnectionPool({ configFile: 'none', ...config });

const listeners = (): number[] =>
  ['SIGINT', 'SIGTERM', 'exit'].map((name) => process.listenerCount(name));

describe.skipIf(!haveSshd())('a pool in the process', () => {
  let sandbox: Sandbox;
  let box: Sshd;
  let host: HostConfig;

  beforeAll(async () => {
    sandbox = createSandbox();
    box = await startSshd(sandbox);
    host = libraryHost(box);
    vi.stubEnv('SSH_POOL_RUNTIME_DIR', sandbox.run);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await sandbox[Symbol.asyncDispose]();
  });

  it('counts ten commands in a row as one miss and nine hits', async () => {
    await using pool = make();
    for (let i = 0; i < 10; i++) {
      expect(await executeSSHCommand(host, `echo ${i}`, 5000, { pool })).toBe(String(i));
    }
    expect(pool.getStats()).toEqual({
      poolHits: 9,
      poolMisses: 1,
      activeConnections: 0,
      idleConnections: 1,
      totalConnections: 1,
      healthCheckFailures: 0,
      healthChecksPassed: 0,
    });
  });

  it('runs twenty commands at once over at most five connections', async () => {
    await using pool = make();
    const many = Array.from({ length: 20 }, (_, i) => pool.run(host, `sleep 0.1; echo ${i}`));
    const peak = pool.getStats().totalConnections;
    const printed = (await Promise.all(many)).map(({ stdout }) => Number(stdout));
    expect(printed).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(Math.max(peak, pool.getStats().totalConnections)).toBeLessThanOrEqual(5);
  });

  it('waits for a free session, and then fails', async () => {
    await using pool = make({ maxConnections: 1, queueTimeoutMs: 100 });
    const many = Array.from({ length: 8 }, () => pool.getConnection(host));
    const connections = await Promise.all(many);
    await expect(pool.getConnection(host)).rejects.toMatchObject({
      code: 'POOL_EXHAUSTED',
      message: `Connection pool exhausted for box:${box.port} (max: 1)`,
    });
    for (const connection of connections) connection.release();
    expect(await pool.run(host, 'echo room')).toMatchObject({ stdout: 'room\n' });
  });

  it('counts an acquired connection as active until it is released', async () => {
    await using pool = make();
    const connection = await pool.getConnection(host);
    expect(pool.getStats()).toMatchObject({ activeConnections: 1, idleConnections: 0 });
    await connection.run('true');
    expect(pool.getStats()).toMatchObject({ activeConnections: 1, idleConnections: 0 });
    pool.releaseConnection(host, connection);
    await until(() => pool.getStats().idleConnections === 1, 'it is idle');
  });

  it('runs a command of an acquired connection that was lost over another connection', async () => {
    await using pool = make();
    using connection = await pool.getConnection(host);
    await box.restart();
    expect(await connection.run('echo other')).toMatchObject({ stdout: 'other\n' });
  });

  it('reuses a connection by its whole identity, not by its name', async () => {
    await using pool = make();
    await pool.run(host, 'true');
    expect(await pool.run({ ...host, name: 'other' }, 'true')).toMatchObject({ reused: true });
    const sshOptions = { ...host.sshOptions, Ciphers: 'aes256-ctr' };
    expect(await pool.run({ ...host, sshOptions }, 'true')).toMatchObject({ reused: false });
  });

  it('closes idle connections', async () => {
    await using pool = make({ idleTimeoutMs: 50 });
    const reasons: string[] = [];
    pool.on('evict', ({ reason }) => reasons.push(reason));
    await pool.run(host, 'true');
    await until(() => reasons.length > 0, 'it was closed');
    expect(reasons).toEqual(['idle']);
    expect(pool.getStats().totalConnections).toBe(0);
  });

  it('emits events', async () => {
    await using pool = make();
    const events: string[] = [];
    const onReuse = (): unknown => events.push('reuse');
    pool.on('connect', ({ connection }) => events.push(`connect ${connection.target}`));
    pool.on('reuse', onReuse);
    pool.on('error', ({ error }) => events.push(error.code));
    await pool.run(host, 'true');
    await pool.run(host, 'true');
    pool.off('reuse', onReuse);
    await pool.run(host, 'true');
    const sshOptions = { UserKnownHostsFile: '/dev/null' };
    await pool.run({ ...host, sshOptions }, 'true').catch(() => undefined);
    await until(() => events.length === 3, 'all was told');
    expect(events).toEqual(['connect box', 'reuse', 'HOST_KEY_UNKNOWN']);
  });

  it('publishes the same events on diagnostics channels', async () => {
    const seen: unknown[] = [];
    const listener = (event: unknown): unknown => seen.push(event);
    subscribe('sshpool:connect', listener);
    try {
      await using pool = make();
      await pool.run(host, 'true');
    } finally {
      unsubscribe('sshpool:connect', listener);
    }
    expect(seen).toMatchObject([{ type: 'connect', connection: { host: '127.0.0.1' } }]);
  });

  it('detects a server that does not answer, and keeps one that does', async () => {
    await using pool = make();
    await using relay = await startRelay(box.port);
    const sshOptions = {
      ...host.sshOptions,
      HostKeyAlias: `[127.0.0.1]:${box.port}`,
      ServerAliveInterval: '1',
      ServerAliveCountMax: '1',
    };
    const far = { ...host, port: relay.port, sshOptions };
    // It ends when its connection ends.
    const silent = await pool.exec(far, 'exec cat', { stdin: 'pipe' });
    relay.stall();
    // Two intervals without an answer would end it.
    const answers = pool.run({ ...host, sshOptions }, 'sleep 2.5; echo there');
    await expect(silent.exit).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      message: 'the connection to 127.0.0.1 was lost: the server does not answer',
    });
    expect(await answers).toMatchObject({ stdout: 'there\n' });
    relay.resume();
  });

  it('uses the openssh link if the program asks for it', async () => {
    await using pool = make({ link: 'openssh' });
    const links: string[] = [];
    pool.on('connect', ({ connection }) => links.push(connection.link));
    expect(await pool.run(host, 'echo over')).toMatchObject({ stdout: 'over\n' });
    expect(links).toEqual(['openssh']);
  });

  describe('that is global', () => {
    afterEach(async () => {
      await getGlobalPool().closeAll();
      vi.unstubAllEnvs();
      vi.stubEnv('SSH_POOL_RUNTIME_DIR', sandbox.run);
    });

    it('is one', () => {
      expect(getGlobalPool()).toBe(getGlobalPool());
    });

    it('is created again after it was closed', async () => {
      const first = getGlobalPool();
      await first.closeAll();
      expect(getGlobalPool()).not.toBe(first);
    });

    it('is what executeSSHCommand uses', async () => {
      vi.stubEnv('SSH_POOL_MAX_CONNECTIONS', '2');
      const options = { ...host.sshOptions, IdentitiesOnly: 'yes' };
      expect(await executeSSHCommand({ ...host, sshOptions: options }, 'echo global')).toBe(
        'global',
      );
      expect(getGlobalPool().getStats()).toMatchObject({ poolMisses: 1, totalConnections: 1 });
    });

    it('names an invalid variable', () => {
      vi.stubEnv('SSH_POOL_MAX_CONNECTIONS', 'many');
      expect(() => getGlobalPool()).toThrow('SSH_POOL_MAX_CONNECTIONS=many is not valid');
      vi.stubEnv('SSH_POOL_MAX_CONNECTIONS', '');
    });

    it('leaves no listener on the process', async () => {
      const before = listeners();
      const pool = getGlobalPool();
      expect(listeners()).not.toEqual(before);
      await pool.closeAll();
      expect(listeners()).toEqual(before);
    });
  });
});

describe('the input of a program', () => {
  const host: HostConfig = { name: 'box', host: '127.0.0.1', protocol: 'ssh' };

  it('has the pool key NAME:PORT, with port 22 by default', () => {
    expect(generatePoolKey(host)).toBe('box:22');
    expect(generatePoolKey({ ...host, port: 2222 })).toBe('box:2222');
  });

  it('has the documented defaults', () => {
    expect(DEFAULT_POOL_CONFIG).toEqual({
      maxConnections: 5,
      idleTimeoutMs: 60_000,
      connectionTimeoutMs: 5000,
      enableHealthChecks: true,
      healthCheckIntervalMs: 30_000,
    });
  });

  it.each<[field: string, given: unknown, problem: string]>([
    ['host', undefined, 'host: must be an object'],
    ['name', { ...host, name: '' }, 'name: must be the name of the host'],
    ['host', { ...host, host: undefined }, 'host: must be an alias of ssh_config'],
    ['host', { ...host, host: '-oProxyCommand=x' }, 'host: "-oProxyCommand=x" is not a valid HOST'],
    ['host', { ...host, host: 'a b' }, 'host: "a b" is not a valid HOST'],
    ['host', { ...host, host: 'root@a' }, 'host: must be the host alone'],
    ['port', { ...host, port: 0 }, 'port: must be a number from 1 to 65535'],
    ['port', { ...host, port: 65_536 }, 'port: must be a number from 1 to 65535'],
    ['port', { ...host, port: '22' }, 'port: must be a number from 1 to 65535'],
    ['protocol', { ...host, protocol: 'http' }, 'protocol: must be "ssh"'],
    ['sshUser', { ...host, sshUser: '-x' }, 'sshUser: "-x" is not a valid HOST: the user name'],
    ['sshUser', { ...host, sshUser: 'a\nb' }, 'sshUser: must hold no control character'],
    ['sshKeyPath', { ...host, sshKeyPath: '/no/key' }, 'sshKeyPath: cannot be read (ENOENT'],
    ['sshOptions', { ...host, sshOptions: { 'a b': 'c' } }, 'sshOptions.a b: '],
    ['sshOptions', { ...host, sshOptions: { Ciphers: 'a\nb' } }, 'sshOptions.Ciphers: must hold'],
  ])('is refused for %s of %j', async (_field, given, problem) => {
    await using pool = make();
    const run = pool.run(given as HostConfig, 'true');
    await expect(run).rejects.toMatchObject({ code: 'BAD_INPUT', exitCode: 2 });
    await expect(run).rejects.toThrow(problem);
  });

  it('may be undefined if there is a default', async () => {
    await using pool = make({ maxConnections: undefined } as object);
    expect(pool.getStats().totalConnections).toBe(0);
  });

  it.each([
    [{ maxConnections: 0 }, 'maxConnections: must be a number from 1 to 1000'],
    [{ idleTimeoutMs: 1.5 }, 'idleTimeoutMs: must be a number of milliseconds'],
    [{ enableHealthChecks: 'yes' }, 'enableHealthChecks: must be true or false'],
    [{ link: 'both' }, 'link: must be one of auto, ssh2, openssh'],
  ])('is refused for a pool of %j', (given, problem) => {
    const construct = (): unknown => new SSHConnectionPool(given as unknown as SSHPoolConfig);
    expect(construct).toThrow(problem);
  });

  it.each([
    ['', 'command: must be a command line'],
    ['a\0b', 'the command cannot be sent: it holds a NUL'],
  ])('is refused for the command %j', async (command, problem) => {
    await using pool = make();
    await expect(pool.run(host, command)).rejects.toThrow(problem);
  });

  it.each([
    [{ timeoutMs: 0 }, 'timeoutMs: must be a number of milliseconds'],
    [{ maxBytes: 'all' }, 'maxBytes: must be a number of bytes'],
    [{ signal: {} }, 'signal: must be an AbortSignal'],
    [{ input: 7 }, 'input: must be text or bytes'],
  ])('is refused for the options %j', async (options, problem) => {
    await using pool = make();
    const run = pool.run(host, 'true', options as never);
    await expect(run).rejects.toThrow(problem);
    await expect(run).rejects.toBeInstanceOf(SshpoolError);
  });
});
