/** One end of a connection between caller and agent, over a real socket. */
import { expect, it } from 'vitest';
import { Peer } from '../../../src/wire/peer.ts';
import { connected } from '../../support/sockets.ts';

it('a message to a side that has closed fails at its write, before the end is told', async () => {
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
