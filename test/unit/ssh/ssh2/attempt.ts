/** One connection over ssh2 for a test, and a server that shows its login. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import ssh2 from 'ssh2';
import { onTestFinished } from 'vitest';
import { generateKey } from '../../../../demo/embedded-server.js';
import { describe as wordsOf } from '../../../../src/base/errors.ts';
import { systemClock } from '../../../../src/base/time.ts';
import { readSshOptions } from '../../../../src/config/ssh-config/options.ts';
import { parseTarget } from '../../../../src/config/command-line/target.ts';
import { loadKnownHosts } from '../../../../src/ssh/trust/known-hosts-file.ts';
import type { Link } from '../../../../src/ssh/link/link.ts';
import { connectSsh2 } from '../../../../src/ssh/ssh2/connect.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';

export interface Attempt {
  /** The link, or the error message. */
  readonly outcome: Promise<Link | string>;
  readonly notes: readonly string[];
  isAsked(): boolean;
  answer(text: string): void;
}

/** Connects with these lines of known_hosts and these keys; prompts wait for `answer`. */
export function connect(
  sandbox: Sandbox,
  port: number,
  known = '',
  keys: readonly string[] = [generateKey().private],
): Attempt {
  const printed = [
    ...['hostname 127.0.0.1', `port ${port}`, 'user me', 'stricthostkeychecking ask'],
    ...[`userknownhostsfile ${sandbox.write('known', known)}`, 'identityagent none'],
    ...keys.map((key, at) => `identityfile ${sandbox.write(`key${at}`, key)}`),
    ...['kexalgorithms curve25519-sha256', 'hostkeyalgorithms ssh-ed25519'],
    ...['ciphers aes128-gcm@openssh.com', 'macs hmac-sha2-256', 'passwordauthentication yes'],
  ];
  const account = { home: sandbox.home, user: 'me', uid: 7, localHost: 'here' };
  const asked = { target: parseTarget('box'), configFile: undefined, cwd: '/', account, env: {} };
  const end = new AbortController();
  onTestFinished(() => end.abort());
  const answers: ((answer: Buffer) => void)[] = [];
  const notes: string[] = [];
  const options = readSshOptions(`${printed.join('\n')}\n`, asked);
  const outcome = connectSsh2({
    options,
    loadKnown: () => loadKnownHosts(options.userKnownHostsFiles),
    ...{
      env: {},
      cwd: '/',
      words: ['box'],
      dir: sandbox.run,
      keyAgent: undefined,
      jump: undefined,
    },
    ...{ clock: systemClock, hasAlternative: false, reason: 'test', timeoutMs: 20_000 },
    keptOutMs: () => undefined,
    signal: end.signal,
    note: (text) => notes.push(text),
    ask: () => new Promise((resolve) => answers.push(resolve)),
  }).catch(wordsOf);
  return {
    ...{ outcome, notes },
    isAsked: () => answers.length > 0,
    answer: (text) => answers.shift()?.(Buffer.from(text)),
  };
}

export function aSandbox(): Sandbox {
  const made = createSandbox();
  onTestFinished(() => made[Symbol.asyncDispose]());
  return made;
}

/** A server that accepts connections up to the login, and then calls `onLogin`. */
export async function startLogin(
  where: Sandbox,
  onLogin: (connection: ssh2.Connection) => void,
  ident?: string,
): Promise<{ port: number; known: string }> {
  const key = generateKey();
  const config = { hostKeys: [key.private], ...(ident !== undefined && { ident }) };
  const ssh = new ssh2.Server(config, (connection) => {
    connection.on('error', () => undefined);
    onLogin(connection);
  });
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket.on('error', () => undefined));
    // Whatever ssh2 does when the client closes its side, this side stays open.
    socket.end = () => socket;
    ssh.injectSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  where.defer(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  return { port, known: `[127.0.0.1]:${port} ${key.public}\n` };
}
