/** One end of a connection between caller and agent, over a real socket. */
import { expect, it } from 'vitest';
import { frame } from '../../../src/base/frames.ts';
import { encodeMessage } from '../../../src/wire/codec.ts';
import { Peer } from '../../../src/wire/peer.ts';
import { PROTOCOL, type Message } from '../../../src/wire/protocol.ts';
import { connected } from '../../support/sockets.ts';

it('a message to a closed connection fails when it is written, before the end is reported', async () => {
  const [client, server] = await connected();
  let isTold = false;
  const peer = new Peer(server, {
    onMessage: () => undefined,
    onClose: () => (isTold = true),
  });
  peer.send({ type: 'starting' });
  expect(peer.flush()).toBe(true);
  client.destroy();
  peer.send({ type: 'starting' });
  expect([peer.flush(), isTold]).toEqual([false, false]);
});

const HELLO: Message = { type: 'hello', protocol: PROTOCOL, version: '1', capabilities: [] };
const onTheWire = (...messages: readonly Message[]): Buffer =>
  Buffer.concat(messages.flatMap((message) => frame(encodeMessage(message))));

it('a second hello breaks the connection', async () => {
  const [client, server] = await connected();
  const types: string[] = [];
  const ended = new Promise<string | undefined>((resolve) => {
    const peer = new Peer(server, {
      onMessage: ({ type }) => void types.push(type),
      onClose: (error) => resolve(error?.message),
    });
    void peer;
  });
  client.end(onTheWire(HELLO, HELLO, { type: 'ping' }));
  expect(await ended).toBe('malformed message: hello comes first, and once');
  expect(types).toEqual(['hello']);
});
