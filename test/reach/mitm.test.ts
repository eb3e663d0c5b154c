/**
 * A man in the middle, who has another host key, gets no connection and no attempt to log in,
 * over either link, at the first connect, at a reconnect and at a later key exchange.
 */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import ssh2 from 'ssh2';
import { describe, expect, it } from 'vitest';
import { generateKey } from '../../demo/embedded-server.js';
import { runCli } from '../support/cli.ts';
import { hostBlockOf } from '../support/host-block.ts';
import { until } from '../support/process.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd, type Sshd } from '../support/sshd.ts';

const LINKS = ['ssh2', 'openssh'] as const;

/** Another server at the port of a stopped one, which logs every request. */
function impostorOf(sandbox: Sandbox, { port }: Sshd): Promise<Sshd> {
  const options = { ListenAddress: `127.0.0.1:${port}`, LogLevel: 'DEBUG1' };
  return startSshd(sandbox, { name: 'impostor', options });
}

/** Every login begins with this line, for any method. */
const ATTEMPT = /userauth-request|Accepted|Failed/;

/** It was reached. */
async function expectNoAttempt(impostor: Sshd): Promise<void> {
  const log = await impostor.logAfterLogins();
  expect(log).toMatch(/Connection from 127\.0\.0\.1/);
  expect(log).not.toMatch(ATTEMPT);
}

describe.skipIf(!haveSshd()).each(LINKS)('over %s', (link) => {
  const run = (sandbox: Sandbox, config: string, command: string) =>
    runCli(sandbox, ['exec', '-F', config, 'box', command], { env: { SSH_POOL_LINK: link } });

  it('an impostor at the first connect gets no attempt to log in', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    await sshd.stop();
    const impostor = await impostorOf(sandbox, sshd);
    const done = await run(sandbox, sshd.config(), 'echo secret');
    expect(done).toMatchObject({ code: 255 });
    expect(done.stderr).toMatch(/Host key verification failed/);
    await expectNoAttempt(impostor);
  });

  it('an impostor at a reconnect gets no attempt to log in', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const config = sshd.config();
    expect(await run(sandbox, config, 'true')).toMatchObject({ code: 0 });
    await sshd.stop();
    const impostor = await impostorOf(sandbox, sshd);
    const done = await run(sandbox, config, 'echo secret');
    expect(done).toMatchObject({ code: 255 });
    expect(done.stderr).toMatch(/Host key verification failed/);
    await expectNoAttempt(impostor);
  });

  it('an impostor behind a jump host gets no attempt to log in', async () => {
    await using sandbox = createSandbox();
    const [hop, sshd] = [await startSshd(sandbox, { name: 'hop' }), await startSshd(sandbox)];
    const config = sshd.config(`${hop.hostBlock}\nHost box\nProxyJump hop`);
    await sshd.stop();
    const impostor = await impostorOf(sandbox, sshd);
    const done = await run(sandbox, config, 'echo secret');
    expect(done).toMatchObject({ code: 255 });
    expect(done.stderr).toMatch(/Host key verification failed/);
    await expectNoAttempt(impostor);
  });

  it('a server that shows the same key at a later key exchange keeps its connection', async () => {
    await using sandbox = createSandbox();
    const server = await startTurncoat(sandbox, { turns: false });
    const done = await run(sandbox, server.config, 'wait');
    expect(done).toMatchObject({ code: 0 });
    expect(done.stdout.toString()).toBe('before\nafter\n');
  });

  it('a server that shows another key at a later key exchange is disconnected at once', async () => {
    await using sandbox = createSandbox();
    const server = await startTurncoat(sandbox);
    const done = await run(sandbox, server.config, 'wait');
    expect(done).toMatchObject({ code: 255 });
    expect(done.stderr).toMatch(/the connection to box was lost/);
    expect(done.stdout.toString()).not.toContain('after');
    await until(() => server.closed(), 'the connection is closed');
  });
});

interface Internals {
  readonly _protocol: { _hostKeys: Record<string, unknown> };
}

/**
 * A server that begins a key exchange as soon as a command runs: with another host key if
 * `turns` is set.
 */
async function startTurncoat(
  sandbox: Sandbox,
  { turns = true } = {},
): Promise<{ readonly config: string; readonly closed: () => boolean }> {
  const [hostKey, otherKey, userKey] = [generateKey(), generateKey(), generateKey()];
  let closed = false;
  const ssh = new ssh2.Server({ hostKeys: [hostKey.private] }, (connection) => {
    connection.on('error', () => undefined);
    connection.on('close', () => (closed = true));
    connection.on('authentication', (context) => context.accept());
    connection.on('session', (accept) => {
      accept().on('exec', (acceptExec) => {
        const stream = acceptExec();
        stream.write('before\n');
        // Its keys are in an object that ssh2 reads again at each key exchange.
        const { _protocol } = connection as unknown as Internals;
        if (turns) _protocol._hostKeys = { 'ssh-ed25519': ssh2.utils.parseKey(otherKey.private) };
        connection.rekey(() => {
          stream.write('after\n');
          stream.exit(0);
          stream.end();
        });
      });
    });
  });
  const server = createServer((socket) => ssh.injectSocket(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  sandbox.defer(async () => {
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  const knownHosts = sandbox.write('known', `[127.0.0.1]:${port} ${hostKey.public}\n`);
  const identities = [sandbox.write('key', userKey.private)];
  const block = hostBlockOf({ name: 'box', port, user: 'me', identities, knownHosts });
  return { config: sandbox.write('config', `${block}\n`), closed: () => closed };
}
