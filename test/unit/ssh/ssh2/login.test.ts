/** The order of a login's messages over ssh2, as the server sees it. */
import ssh2 from 'ssh2';
import { expect, it } from 'vitest';
import { generateKey } from '../../../../demo/embedded-server.js';
import type { Protocol } from '../../../../src/ssh/ssh2/protocol.ts';
import { aSandbox, connect, startLogin } from './attempt.ts';

type OnService = (protocol: Protocol, name: string) => void;

/** Calls `hold` with the function that accepts the login service, instead of accepting it. */
function onService(connection: ssh2.Connection, hold: (accept: () => void) => void): void {
  const { _protocol: protocol } = connection as unknown as { _protocol: Protocol };
  const original = protocol._handlers['SERVICE_REQUEST'] as OnService;
  protocol._handlers['SERVICE_REQUEST'] = ((from, name) =>
    hold(() => original(from, name))) satisfies OnService;
}

const isSigned = (context: ssh2.AuthContext): boolean =>
  context.method === 'publickey' && context.signature !== undefined;

it('the first key request is sent before the server has accepted the service', async () => {
  const where = aSandbox();
  const seen: string[] = [];
  const { port, known } = await startLogin(where, (connection) => {
    const held: (() => void)[] = [];
    onService(connection, (accept) => held.push(accept));
    connection.on('authentication', (context) => {
      seen.push(isSigned(context) ? 'signature' : 'question');
      // A login that waits for this would wait for ever.
      held.shift()?.();
      context.accept();
    });
  });
  const link = await connect(where, port, known).outcome;
  expect(link).toMatchObject({ kind: 'ssh2' });
  // Two requests take as many round trips as one request with an immediate signature.
  expect(seen).toEqual(['question', 'signature']);
  if (typeof link !== 'string') link.close();
});

it('a server of an unknown kind gets no request before it has accepted the service', async () => {
  const where = aSandbox();
  const seen: string[] = [];
  const server = (connection: ssh2.Connection): void => {
    onService(connection, (accept) => {
      // By now a request that did not wait would have arrived: it is sent with the service request.
      setImmediate(() =>
        setImmediate(() => {
          seen.push('accepted');
          accept();
        }),
      );
    });
    connection.on('authentication', (context) => {
      seen.push(isSigned(context) ? 'signature' : 'question');
      context.accept();
    });
  };
  const { port, known } = await startLogin(where, server, 'Strange_1.0');
  const link = await connect(where, port, known).outcome;
  expect(seen).toEqual(['accepted', 'question', 'signature']);
  if (typeof link !== 'string') link.close();
});

it('six wrong keys before the right one cost one signature', async () => {
  const where = aSandbox();
  const keys = Array.from({ length: 7 }, generateKey);
  const right = ssh2.utils.parseKey(keys.at(-1)?.public ?? '');
  if (right instanceof Error) throw right;
  const signatures: boolean[] = [];
  const { port, known } = await startLogin(where, (connection) => {
    connection.on('authentication', (context) => {
      const isRight =
        context.method === 'publickey' && right.getPublicSSH().equals(context.key.data);
      if (isSigned(context)) signatures.push(isRight);
      // As sshd 10.6 with MaxAuthTries 6: it counts signatures, and closes the connection.
      if (signatures.length >= 6) connection.end();
      else if (isRight) context.accept();
      else context.reject(['publickey']);
    });
  });
  const all = keys.map((key) => key.private);
  const link = await connect(where, port, known, all).outcome;
  expect(link).toMatchObject({ kind: 'ssh2' });
  expect(signatures).toEqual([true]);
  if (typeof link !== 'string') link.close();
});
