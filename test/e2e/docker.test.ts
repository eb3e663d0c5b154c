/** docker over the pool: `sshpool docker-sock`, and the docker command under `sshpool wrap`. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROGRAM, runCli, runProgram, spawnCli, type Result } from '../support/cli.ts';
import { startDockerApi, type DockerApi } from '../support/docker-api.ts';
import { signal, until } from '../support/process.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd, type Sshd } from '../support/sshd.ts';
import { poolStats } from '../support/stats.ts';

const DOCKER = ['/usr/local/bin/docker', '/usr/bin/docker'].find(existsSync);
if (DOCKER === undefined) {
  process.stdout.write('docker.test: no docker command here, so what it does is not tried\n');
}
/** The server does not tell which of these is the reason. */
const WHY = 'connection refused (no listener, no permission, or AllowStreamLocalForwarding is off)';
const sum = (of: Buffer): string => createHash('sha256').update(of).digest('hex');

describe.skipIf(!haveSshd())('docker', () => {
  let sandbox: Sandbox;
  let box: Sshd;
  let config: string;
  let api: DockerApi;
  let remote: string;

  beforeAll(async () => {
    sandbox = createSandbox();
    remote = sandbox.path('api.sock');
    api = await startDockerApi(remote);
    sandbox.defer(async () => api[Symbol.asyncDispose]());
    // Replaces docker on the server: connects its standard streams to the engine.
    const dial = sandbox.write(
      'remote/dial.mjs',
      `import { connect } from 'node:net';
       const socket = connect({ path: ${JSON.stringify(remote)}, allowHalfOpen: true });
       process.stdin.pipe(socket).pipe(process.stdout);`,
    );
    const words = '[ "$*" = "system dial-stdio" ] || { echo "docker: $*" >&2; exit 9; }';
    const docker = sandbox.write(
      'remote/docker',
      `#!/bin/sh\n${words}\nexec ${process.execPath} ${dial}\n`,
    );
    chmodSync(docker, 0o755);
    const path = `PATH=${sandbox.path('remote')}:${sandbox.env['PATH']}`;
    box = await startSshd(sandbox, { options: { SetEnv: path } });
    config = box.config();
  });
  afterAll(() => sandbox[Symbol.asyncDispose]());

  /** Starts docker-sock; resolves to the path of its socket. */
  async function listening(
    ...options: string[]
  ): Promise<{ child: ReturnType<typeof spawnCli>; path: string; said: () => string }> {
    const child = spawnCli(sandbox, ['docker-sock', '-F', config, '--remote', remote, ...options]);
    // Also if the test fails.
    sandbox.defer(async () => signal(child.pid ?? 0, 'SIGKILL'));
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    await until(() => out.endsWith('\n') || child.exitCode !== null, 'it listens');
    expect(out).toMatch(/^DOCKER_HOST=unix:\/\/\/.*\n$/);
    return { child, path: out.trim().replace('DOCKER_HOST=unix://', ''), said: () => err };
  }

  const failing = (...words: string[]): Promise<Result> =>
    runCli(sandbox, ['docker-sock', '-F', config, ...words]);

  describe('at a local socket', () => {
    it('lists containers over a pooled connection', async () => {
      const { child, path } = await listening('box');
      const before = (await poolStats(sandbox)).totals.poolHits;
      const [head, list] = [await get(path, '/_ping'), await get(path, '/v1.43/containers/json')];
      expect(head).toBe('OK');
      expect(JSON.parse(list)).toMatchObject([{ Image: 'nginx:stand-in' }]);
      expect((await poolStats(sandbox)).totals.poolHits).toBeGreaterThanOrEqual(before + 2);
      expect(box.logins()).toBe(1);
      child.kill('SIGTERM');
      expect(await ended(child)).toBe('SIGTERM');
    });

    it.skipIf(DOCKER === undefined)('serves the docker command', async () => {
      const { child, path } = await listening('box');
      const ps = await runProgram(sandbox, [DOCKER ?? '', '-H', `unix://${path}`, 'ps']);
      expect(ps.stderr).toBe('');
      expect(ps.stdout.toString()).toMatch(/c0ffee00c0ff +nginx:stand-in +"serve"/);
      child.kill('SIGINT');
      expect(await ended(child)).toBe('SIGINT');
    });

    it('is accessible to its user only, and is removed at the end', async () => {
      const { child, path } = await listening('box');
      expect(lstatSync(path).mode & 0o777).toBe(0o600);
      child.kill('SIGINT');
      await ended(child);
      expect(existsSync(path)).toBe(false);
    });

    it('keeps sending to a client that has ended its half of the connection', async () => {
      const { child, path } = await listening('box');
      const bytes = randomBytes(20_000_000);
      const socket = await upgraded(path);
      const back = buffer(socket);
      socket.end(bytes);
      expect(sum(await back)).toBe(sum(bytes));
      child.kill('SIGTERM');
      await ended(child);
    });

    it('keeps receiving from a client after the server has ended its half', async () => {
      const { child, path } = await listening('box');
      const socket = await upgraded(path, '/take');
      let got = '';
      // Not with a stream consumer, which would end the other half too.
      socket.on('data', (data: Buffer) => (got += data.toString()));
      await once(socket, 'end');
      expect(got).toBe('ready');
      const bytes = randomBytes(3_000_000);
      socket.end(bytes);
      await until(() => api.taken.length > 0, 'all of it has come');
      expect(api.taken.map(sum)).toEqual([sum(bytes)]);
      child.kill('SIGTERM');
      await ended(child);
    });

    it('stops the server from sending if the client does not read, and blocks no other connection', async () => {
      const { child, path } = await listening('box');
      const socket = await upgraded(path, '/flood');
      socket.pause();
      let [before, looks] = [-1, 0];
      await until(() => {
        looks = api.flooded() === before ? looks + 1 : 0;
        before = api.flooded();
        return looks > 20;
      }, 'nothing more is sent');
      expect(api.flooded()).toBeLessThan(12_000_000);
      expect(await get(path, '/_ping')).toBe('OK');
      socket.destroy();
      await until(async () => (await tunnelsOf(sandbox)) === 0, 'the stream has ended');
      child.kill('SIGTERM');
      await ended(child);
    });

    it('asks its user about an unknown host key', async () => {
      const asked = sandbox.path('asked');
      const askpass = sandbox.write('askpass', `#!/bin/sh\necho "$1" >>'${asked}'\necho yes\n`);
      chmodSync(askpass, 0o755);
      const env = { SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force' };
      const known = ['-o', `UserKnownHostsFile=${sandbox.path('known')}`, '-o'];
      const words = [...known, 'StrictHostKeyChecking=ask', '--remote', remote, 'box', 'true'];
      const run = await runCli(sandbox, ['docker-sock', '-F', config, ...words], { env });
      expect(run.code).toBe(0);
      expect(run.stderr).toMatch(/^Warning: Permanently added .*\r\n$/);
      expect(readFileSync(asked, 'utf8')).toMatch(/^The authenticity of host /);
    });

    it('serves many connections at once', async () => {
      const { child, path, said } = await listening('box');
      const all = await Promise.all(Array.from({ length: 30 }, () => get(path, '/_ping')));
      expect(new Set(all)).toEqual(new Set(['OK']));
      expect(said()).toBe('');
      child.kill('SIGTERM');
      await ended(child);
    });

    it('leaves no stream behind when it is killed', async () => {
      const { child, path } = await listening('box');
      const socket = await upgraded(path);
      socket.on('error', () => undefined);
      expect(await tunnelsOf(sandbox)).toBe(1);
      signal(child.pid ?? 0, 'SIGKILL');
      await ended(child);
      await until(async () => (await tunnelsOf(sandbox)) === 0, 'the stream has ended');
      expect(existsSync(path)).toBe(true);
      // The next docker-sock replaces the socket.
      const next = await listening('box');
      expect(next.path).toBe(path);
      next.child.kill('SIGTERM');
      await ended(next.child);
    });

    it('works over the openssh link', async () => {
      const { child, path } = await listening('-o', `RevokedHostKeys=/dev/null`, 'box');
      expect(await get(path, '/_ping')).toBe('OK');
      const { connections } = await poolStats(sandbox);
      expect(connections.map(({ link }) => link)).toContain('openssh');
      child.kill('SIGTERM');
      await ended(child);
    });

    it('continues with another agent if the first has ended', async () => {
      const { child, path } = await listening('box');
      await runCli(sandbox, ['agent', 'stop', '--force']);
      expect(await get(path, '/_ping')).toBe('OK');
      child.kill('SIGTERM');
      await ended(child);
    });

    it('reports why it could not connect to the remote socket', async () => {
      const moved = sandbox.path('moved.sock');
      const engine = createServer((socket) => socket.end()).listen(moved);
      const child = spawnCli(sandbox, ['docker-sock', '-F', config, '--remote', moved, 'box']);
      let [out, err] = ['', ''];
      child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
      await until(() => out.endsWith('\n'), 'it listens');
      await new Promise((resolve) => engine.close(resolve));
      await expect(get(out.trim().replace('DOCKER_HOST=unix://', ''), '/_ping')).rejects.toThrow(
        'socket hang up',
      );
      await until(() => err.includes('\n'), 'it says so');
      expect(err).toBe(`sshpool: box could not connect to ${moved}: ${WHY}\n`);
      child.kill('SIGTERM');
      await ended(child);
    });
  });

  describe('with a command', () => {
    it('sets DOCKER_HOST for it, and exits with its status', async () => {
      const script = 'echo "$DOCKER_HOST$DOCKER_TLS_VERIFY"; exit 5';
      const words = ['docker-sock', '-F', config, '--remote', remote, 'box', 'sh', '-c', script];
      const run = await runCli(sandbox, words, { env: { DOCKER_TLS_VERIFY: '1' } });
      expect(run).toMatchObject({ code: 5, stderr: '' });
      const path = run.stdout.toString().trim().replace('unix://', '');
      expect(path).toBe(`${sandbox.run}/docker-box.sock`);
      expect(existsSync(path)).toBe(false);
    });

    it.skipIf(DOCKER === undefined)('runs the real docker', async () => {
      const run = await failing('--remote', remote, 'box', '--', DOCKER ?? '', 'ps', '-q');
      expect(run).toMatchObject({ code: 0, stderr: '' });
      expect(run.stdout.toString()).toBe('c0ffee00c0ff\n');
    });

    it('removes the socket if a signal ends the command', async () => {
      const run = await failing('--remote', remote, 'box', 'sh', '-c', 'kill -TERM $$');
      expect(run.signal).toBe('SIGTERM');
      expect(existsSync(`${sandbox.run}/docker-box.sock`)).toBe(false);
    });

    it('reports that the command does not exist', async () => {
      const run = await failing('--remote', remote, 'box', 'no-such-tool');
      expect(run.code).toBe(127);
      expect(run.stderr).toMatch(/^sshpool: no-such-tool: .*\n$/);
      expect(existsSync(`${sandbox.run}/docker-box.sock`)).toBe(false);
    });
  });

  describe('refuses, in one line,', () => {
    it('a host without that socket', async () => {
      const run = await failing('--remote', sandbox.path('none.sock'), 'box', 'true');
      expect(run.code).toBe(255);
      expect(run.stderr).toBe(
        `sshpool: box could not connect to ${sandbox.path('none.sock')}: ${WHY}\n`,
      );
    });

    it('a host that forwards no unix sockets', async () => {
      await using other = createSandbox();
      const options = { AllowStreamLocalForwarding: 'no' };
      const strict = await startSshd(other, { options });
      const run = await runCli(other, ['docker-sock', '-F', strict.config(), 'box', 'true']);
      expect(run.code).toBe(255);
      expect(run.stderr).toBe(`sshpool: box could not connect to /var/run/docker.sock: ${WHY}\n`);
    });

    it('a host that refuses the connection', async () => {
      const run = await failing('-p', '1', 'box', 'true');
      expect(run.code).toBe(255);
      expect(run.stderr).toMatch(/^sshpool: connect to host 127\.0\.0\.1 port 1: .*refused\n$/);
    });

    it('a local socket at which another process listens', async () => {
      const path = sandbox.path('taken.sock');
      const server = createServer().listen(path);
      const run = await failing('--remote', remote, '--socket', path, 'box', 'true');
      expect(run).toMatchObject({ code: 255 });
      expect(run.stderr).toBe(
        `sshpool: cannot listen on ${path}: another process listens there already\n`,
      );
      await new Promise((resolve) => server.close(resolve));
    });

    it('a local path that is not a socket', async () => {
      const path = sandbox.path('file');
      writeFileSync(path, 'mine');
      const run = await failing('--remote', remote, '--socket', path, 'box', 'true');
      expect(run.stderr).toBe(`sshpool: cannot listen on ${path}: there is something else\n`);
    });

    it('a local path that is too long', async () => {
      const path = `/${'x'.repeat(110)}`;
      const run = await failing('--remote', remote, '--socket', path, 'box', 'true');
      expect(run.stderr).toMatch(/: it has 111 bytes, and a socket takes 103\n$/);
    });

    it.each([
      [[], 'no HOST'],
      [['--remote', 'docker.sock', 'box'], '"docker.sock" is not a socket of a host'],
      [['--remot', 'x', 'box'], 'did you mean --remote?'],
      [['a b'], '"a b" is not a valid HOST'],
    ])('the arguments %j', async (words, problem) => {
      const run = await runCli(sandbox, ['docker-sock', ...words]);
      expect(run.code).toBe(2);
      expect(run.stderr).toContain(problem);
    });
  });

  describe.skipIf(DOCKER === undefined)('under wrap', () => {
    it('uses the pool with -H ssh://HOST', async () => {
      const real = sandbox.write('bin/ssh', `#!/bin/sh\nexec /usr/bin/ssh -F ${config} "$@"\n`);
      chmodSync(real, 0o755);
      // docker passes no -F to ssh: the agent has to find this configuration itself.
      await runCli(sandbox, ['agent', 'stop', '--force']);
      const env = { PATH: `${sandbox.path('bin')}:${sandbox.env['PATH']}` };
      const words = ['wrap', DOCKER ?? '', '-H', 'ssh://box', 'ps', '--format', '{{.Names}}'];
      const first = await runCli(sandbox, words, { env });
      expect(first).toMatchObject({ code: 0, stderr: '' });
      expect(first.stdout.toString()).toBe('stand-in\n');
      const before = (await poolStats(sandbox)).totals;
      const second = await runCli(sandbox, words, { env });
      expect(second.stdout.toString()).toBe('stand-in\n');
      const after = (await poolStats(sandbox)).totals;
      expect(after.poolHits).toBeGreaterThan(before.poolHits);
      expect(after.poolMisses).toBe(before.poolMisses);
      expect(PROGRAM).toContain('sshpool');
    });
  });
});

/** Its status, or the signal that ended it. */
async function ended(child: ReturnType<typeof spawnCli>): Promise<number | string | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode ?? child.signalCode;
}

async function tunnelsOf(sandbox: Sandbox): Promise<number> {
  return (await poolStats(sandbox)).connections.reduce((all, row) => all + row.tunnels, 0);
}

function get(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, path, agent: false }, (response) => {
      buffer(response).then((body) => resolve(body.toString()), reject);
    });
    asking.once('error', reject).end();
  });
}

/** An upgraded HTTP connection, as `docker attach` uses. */
async function upgraded(path: string, what = '/echo'): Promise<Socket> {
  const socket = connect({ path, allowHalfOpen: true });
  socket.write(`POST ${what} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`);
  // Reads only the header of the response, and leaves the data after it.
  let head = '';
  while (!head.endsWith('\r\n\r\n')) {
    const byte = socket.read(1) as Buffer | null;
    if (byte === null) await once(socket, 'readable');
    else head += byte.toString();
  }
  return socket;
}
