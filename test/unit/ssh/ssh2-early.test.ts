/**
 * A server that goes ahead before its host key was accepted: ssh2 reads on as soon as the server's
 * NEWKEYS is there, also while somebody is still being asked about the key.
 */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import ssh2 from 'ssh2';
import { expect, onTestFinished, test } from 'vitest';
import { generateKey } from '../../../demo/embedded-server.js';
import { Writer } from '../../../src/base/bytes.ts';
import { systemClock } from '../../../src/base/time.ts';
import { readSshOptions, type SshOptions } from '../../../src/config/ssh-options.ts';
import { parseTarget } from '../../../src/config/target.ts';
import { connectSsh2 } from '../../../src/ssh/ssh2-connect.ts';
import { sendMessage, type Protocol } from '../../../src/ssh/ssh2-internals.ts';
import { until } from '../../support/process.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';

interface Internals {
  readonly _protocol: {
    readonly _kex?: { readonly _sentNEWKEYS: boolean; finish(): void };
  };
}

/** Sends `early` as soon as its own part of the key exchange is done; returns its port. */
async function startEager(sandbox: Sandbox, early: Buffer): Promise<number> {
  const ssh = new ssh2.Server({ hostKeys: [generateKey().private] }, (connection) => {
    connection.on('error', () => undefined);
    const { _protocol: protocol } = connection as unknown as Internals;
    void until(() => protocol._kex?._sentNEWKEYS, 'the key exchange').then(() => {
      // As if the client's part were here.
      protocol._kex?.finish();
      sendMessage(protocol as unknown as Protocol, [early]);
    });
  });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    ssh.injectSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  sandbox.defer(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return (server.address() as AddressInfo).port;
}

/** Of a host that is not known and is asked about. */
function optionsFor(sandbox: Sandbox, port: number): SshOptions {
  const lines = [
    ...['hostname 127.0.0.1', `port ${port}`, 'user me', 'identityagent none'],
    ...['stricthostkeychecking ask', `userknownhostsfile ${sandbox.path('known')}`],
    ...['kexalgorithms curve25519-sha256', 'hostkeyalgorithms ssh-ed25519'],
    ...['ciphers aes128-gcm@openssh.com', 'macs hmac-sha2-256', 'pubkeyauthentication yes'],
  ];
  const account = { home: sandbox.home, user: 'me', uid: 7, localHost: 'here' };
  const target = parseTarget('box');
  return readSshOptions(lines.join('\n'), {
    target,
    configFile: undefined,
    cwd: '/',
    account,
    env: {},
  });
}

test.each([
  ['that the login may begin', new Writer().byte(6).string('ssh-userauth').finish()],
  ['that we are logged in', Buffer.of(52)],
])('a server that says %s while its key is asked about is left', async (_, early) => {
  const sandbox = createSandbox();
  onTestFinished(() => sandbox[Symbol.asyncDispose]());
  const port = await startEager(sandbox, early);
  const questions: string[] = [];
  const linked = connectSsh2({
    ...{ options: optionsFor(sandbox, port), words: ['box'], dir: sandbox.run, env: {}, cwd: '/' },
    ...{ clock: systemClock, timeoutMs: 5000, signal: new AbortController().signal },
    ...{ jump: undefined, keyAgent: undefined, hasAlternative: false, reason: 'a test' },
    note: () => undefined,
    ask: ({ text }) => {
      questions.push(text);
      return new Promise(() => undefined);
    },
  });
  await expect(linked).rejects.toThrow('went on before its host key was verified');
  expect(questions).toHaveLength(1);
});
