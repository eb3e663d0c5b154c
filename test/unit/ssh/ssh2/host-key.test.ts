/**
 * No login message is sent or accepted before the host key is verified. ssh2 alone does not ensure
 * this: it reads on as soon as the server's NEWKEYS has arrived, also during the host key prompt.
 */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import ssh2 from 'ssh2';
import { expect, it, test } from 'vitest';
import { generateKey } from '../../../../demo/embedded-server.js';
import { Writer } from '../../../../src/base/bytes.ts';
import type { Protocol } from '../../../../src/ssh/ssh2/protocol.ts';
import { sendMessage } from '../../../../src/ssh/ssh2/packets.ts';
import { until } from '../../../support/process.ts';
import type { Sandbox } from '../../../support/sandbox.ts';
import { aSandbox, connect, startLogin } from './attempt.ts';

const SERVICE_ACCEPT = new Writer().byte(6).string('ssh-userauth').finish();
const BANNER = new Writer().byte(53).string('psst').string('').finish();
const SUCCESS = Buffer.of(52);
/** A message that only the connection protocol has, and that ssh2 would answer. */
const OPEN = new Writer().byte(90).string('x11').u32(0).u32(1).u32(1).string('h').u32(1).finish();
const MALFORMED = Buffer.of(1);

interface Kex {
  _sentNEWKEYS: boolean;
  finish(): void;
}

/** Calls `then` right after this server has sent its half of the key exchange. */
function onNewKeys(protocol: Protocol, then: (kex: Kex) => void): void {
  let current: Kex | undefined;
  Object.defineProperty(protocol, '_kex', {
    get: () => current,
    set(kex: Kex | undefined) {
      current = kex;
      if (!kex) return;
      let sent = kex._sentNEWKEYS;
      Object.defineProperty(kex, '_sentNEWKEYS', {
        get: () => sent,
        set(value: boolean) {
          if (value && !sent) queueMicrotask(() => then(kex));
          sent = value;
        },
      });
    },
  });
}

interface Eager {
  readonly port: number;
  readonly hostKey: string;
  /** Everything that the client sent; unencrypted parts are readable. */
  received(): string;
  isAhead(): boolean;
  hangUp(): void;
}

/** A server that does its half of the key exchange and then sends these messages without waiting. */
async function startEager(sandbox: Sandbox, early: readonly Buffer[]): Promise<Eager> {
  let [received, isAhead] = ['', false];
  const key = generateKey();
  const sockets = new Set<Socket>();
  const ssh = new ssh2.Server({ hostKeys: [key.private] }, (connection) => {
    connection.on('error', () => undefined);
    const { _protocol: protocol } = connection as unknown as { _protocol: Protocol };
    onNewKeys(protocol, (kex) => {
      // As if the client's NEWKEYS had arrived: from now on the server encrypts.
      if (early.length > 0) kex.finish();
      for (const payload of early) sendMessage(protocol, [payload]);
      isAhead = true;
    });
  });
  const hangUp = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  // Half open: this server does not close its side when the client does.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket.on('error', () => undefined));
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      // All its answers to this leave together.
      socket.cork();
      setImmediate(() => socket.uncork());
    });
    ssh.injectSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  sandbox.defer(async () => {
    hangUp();
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  return {
    ...{ port, hostKey: key.public, hangUp },
    received: () => received,
    isAhead: () => isAhead,
  };
}

const TOO_EARLY = /went on before its host key was verified/;

test.each([
  ['begins the login', [SERVICE_ACCEPT]],
  ['says that we are logged in', [SUCCESS]],
  ['does both', [SERVICE_ACCEPT, SUCCESS]],
  ['has something to say', [BANNER]],
  ['opens a channel', [OPEN]],
])('a server that %s during the host key prompt is disconnected', async (_, early) => {
  const where = aSandbox();
  const server = await startEager(where, early);
  const { outcome, notes } = connect(where, server.port);
  expect(await outcome).toMatch(TOO_EARLY);
  expect(server.received()).not.toContain('ssh-userauth');
  expect(server.received()).not.toContain('ssh-connection');
  expect(notes).toEqual([]);
});

it('a server with an unknown key that reports a successful login at once is not believed', async () => {
  const where = aSandbox();
  const server = await startEager(where, [SERVICE_ACCEPT, SUCCESS]);
  const known = `[127.0.0.1]:${server.port} ${generateKey().public}\n`;
  expect(await connect(where, server.port, known).outcome).toMatch(/host key/i);
  expect(server.received()).not.toContain('ssh-userauth');
});

test.each(['yes', 'no'])(
  'the answer %s after the server has disconnected has no effect',
  async (text) => {
    const where = aSandbox();
    const server = await startEager(where, []);
    const attempt = connect(where, server.port);
    await until(() => attempt.isAsked(), 'the question');
    server.hangUp();
    expect(await attempt.outcome).toMatch(/^Connection (closed|reset) by 127\.0\.0\.1 port \d+$/);
    attempt.answer(text);
    await new Promise(setImmediate); // an exception would end the process, and so this test
  },
);

test.each(['yes', 'no'])('the answer %s after a malformed message has no effect', async (text) => {
  const where = aSandbox();
  const server = await startEager(where, [MALFORMED]);
  const attempt = connect(where, server.port);
  await until(() => attempt.isAsked() && server.isAhead(), 'the question');
  // The server keeps its side open, but the client disconnects.
  expect(await attempt.outcome).toMatch(/Malformed/);
  attempt.answer(text);
  await new Promise(setImmediate);
});

it("a login at a known server uses sshpool's own messages", async () => {
  const where = aSandbox();
  const methods: string[] = [];
  const { port, known } = await startLogin(where, (connection) => {
    connection.on('authentication', (context) => {
      methods.push(context.method);
      context.accept();
    });
  });
  const link = await connect(where, port, known).outcome;
  expect(link).toMatchObject({ kind: 'ssh2', user: 'me' });
  // One request without and one with a signature.
  expect(methods).toEqual(['publickey', 'publickey']);
  if (typeof link !== 'string') link.close();
});

function succeedBeforeAccepting(connection: ssh2.Connection): void {
  const { _protocol: protocol } = connection as unknown as {
    _protocol: Protocol & { serviceAccept(name: string): void };
  };
  const accept = protocol.serviceAccept.bind(protocol);
  protocol.serviceAccept = (name) => {
    sendMessage(protocol, [SUCCESS]);
    accept(name);
  };
}

it('a success message without a request is not accepted as a login', async () => {
  const where = aSandbox();
  // To a server with this name the client sends no request before the service is accepted.
  const { port, known } = await startLogin(where, succeedBeforeAccepting, 'Strange_1.0');
  expect(await connect(where, port, known).outcome).toMatch(/was not asked for/);
});

it('a server that refuses the login but stays connected is disconnected', async () => {
  const where = aSandbox();
  const { port, known } = await startLogin(where, (connection) => {
    connection.on('authentication', (context) => context.reject([]));
  });
  expect(await connect(where, port, known).outcome).toMatch(/Permission denied/);
});
