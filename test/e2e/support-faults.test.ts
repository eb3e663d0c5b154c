/** The faulty server and the bad network of the test support, tested with the real ssh. */
import { once } from 'node:events';
import { Client, type ClientChannel } from 'ssh2';
import { describe, expect, it } from 'vitest';
import { ssh } from '../support/cli.ts';
import { type FakeServer, startFakeServer } from '../support/fake-server.ts';
import { until } from '../support/process.ts';
import { createSandbox } from '../support/sandbox.ts';

/** Waits until the server gets an exec request. */
const asked = (server: FakeServer): Promise<boolean> =>
  until(() => server.requests.some((request) => request.startsWith('exec')), 'the command came');

describe('startFakeServer', () => {
  it('runs a command with its streams, variables and status', async () => {
    await using sandbox = createSandbox();
    const server = await startFakeServer(sandbox);
    const config = server.config('SetEnv COLOUR=blue');
    const command = 'cat; echo $COLOUR; echo err >&2; exit 7';
    const done = await ssh(sandbox, ['-F', config, 'fake', command], { stdin: 'in ' });
    expect(done).toMatchObject({ code: 7, stderr: 'err\n' });
    expect(done.stdout.toString()).toBe('in blue\n');
    expect(server.requests).toEqual(['env COLOUR=blue', `exec ${command}`]);
    expect(server.opens()).toBe(1);
  });

  it('passes a megabyte through unchanged', async () => {
    await using sandbox = createSandbox();
    const server = await startFakeServer(sandbox);
    const bytes = Buffer.alloc(1 << 20, 'abcdefg');
    const { stdout } = await ssh(sandbox, ['-F', server.config(), 'fake', 'cat'], { stdin: bytes });
    expect(stdout.equals(bytes)).toBe(true);
  });

  it('refuses a login without its key', async () => {
    await using sandbox = createSandbox();
    const server = await startFakeServer(sandbox);
    const stranger = await startFakeServer(sandbox, { name: 'stranger' });
    const config = stranger.config(
      `Host stranger\nPort ${server.port}\nUserKnownHostsFile ${server.knownHosts}\nBatchMode yes`,
    );
    const refused = await ssh(sandbox, ['-F', config, 'stranger', 'true']);
    expect(refused).toMatchObject({ code: 255 });
    expect(refused.stderr).toContain('Permission denied (publickey)');
    expect(server.opens()).toBe(0);
  });

  it('passes a signal to the whole command and reports the signal that ended it', async () => {
    await using sandbox = createSandbox();
    const server = await startFakeServer(sandbox);
    const client = new Client();
    const { port, userKey: privateKey } = server;
    client.connect({ host: '127.0.0.1', port, username: 'fake', privateKey });
    await once(client, 'ready');
    const channel = await new Promise<ClientChannel>((resolve, reject) => {
      client.exec('sleep 600; echo survived', (error, stream) =>
        error ? reject(error) : resolve(stream),
      );
    });
    channel.resume().signal('TERM');
    expect(await once(channel, 'exit')).toEqual([null, 'SIGTERM', false, '']);
    await once(client.end(), 'close');
    expect(server.requests).toEqual(['exec sleep 600; echo survived', 'signal TERM']);
  });

  it('refuses sessions and requests as configured', async () => {
    await using sandbox = createSandbox();
    const server = await startFakeServer(sandbox, {
      onSession: (count) => (count === 1 ? 'refuse' : 'accept'),
      onRequest: (type) => (type === 'exec' ? 'refuse' : 'accept'),
    });
    const config = server.config();
    const session = await ssh(sandbox, ['-F', config, 'fake', 'true']);
    expect(session.stderr).toContain('open failed');
    const request = await ssh(sandbox, ['-F', config, 'fake', 'true']);
    expect(request.stderr).toContain('exec request failed');
  });

  it('never answers a request that it stalls', async () => {
    await using sandbox = createSandbox();
    const server = await startFakeServer(sandbox, { onRequest: () => 'stall' });
    const running = ssh(sandbox, ['-F', server.config(), 'fake', 'true']);
    await asked(server);
    server.network.drop();
    expect(await running).toMatchObject({ code: 255 });
  });

  it('ends its commands when it closes', async () => {
    await using sandbox = createSandbox();
    const server = await startFakeServer(sandbox);
    const running = ssh(sandbox, ['-F', server.config(), 'fake', `sleep 600; : ${sandbox.root}`]);
    await asked(server);
    await server.close();
    expect(await running).toMatchObject({ code: 255 });
  });
});

describe('the network of a fake server', () => {
  it('delivers nothing during a stall', async () => {
    await using sandbox = createSandbox();
    const server = await startFakeServer(sandbox);
    server.network.stall();
    const running = ssh(sandbox, ['-F', server.config(), 'fake', 'echo late']);
    await until(() => server.network.accepted() === 1, 'ssh connects');
    expect(server.opens()).toBe(0);
    server.network.resume();
    expect((await running).stdout.toString()).toBe('late\n');
  });

  it('drops a connection after the given bytes', async () => {
    await using sandbox = createSandbox();
    const server = await startFakeServer(sandbox);
    server.network.dropAfter(200_000);
    const command = 'head -c 1000000 /dev/zero';
    const torn = await ssh(sandbox, ['-F', server.config(), 'fake', command]);
    expect(torn.code).toBe(255);
    expect(torn.stdout.length).toBeGreaterThan(0);
    expect(torn.stdout.length).toBeLessThan(200_000);
    await until(() => server.network.connections() === 0, 'the connection is gone');
  });

  it('delays each direction', async () => {
    await using sandbox = createSandbox();
    const server = await startFakeServer(sandbox, { delayMs: 20 });
    const { ms } = await ssh(sandbox, ['-F', server.config(), 'fake', 'true']);
    // A login and a command are at least six round trips.
    expect(ms).toBeGreaterThan(6 * 40);
  });
});
