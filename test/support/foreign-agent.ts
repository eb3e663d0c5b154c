/** An agent of another version. */
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { Peer } from '../../src/wire/peer.ts';
import type { Message } from '../../src/wire/protocol.ts';
import type { Sandbox } from './sandbox.ts';

/** An agent that speaks `protocol`, knows hello and retire, and records the messages that it receives. */
export async function startForeignAgent(sandbox: Sandbox, protocol: number): Promise<string[]> {
  const path = sandbox.path('run', 'agent.sock');
  const heard: string[] = [];
  const peers = new Set<Peer>();
  const server = createServer((socket) => {
    const peer: Peer = new Peer(socket, {
      onMessage: (message: Message) => {
        heard.push(message.type);
        if (message.type === 'hello') {
          peer.send({ type: 'hello', protocol, version: '9.9.9', capabilities: [] });
        }
        if (message.type !== 'retire') return;
        rmSync(path);
        server.close();
      },
      onClose: () => peers.delete(peer),
    });
    peers.add(peer);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  sandbox.defer(async () => {
    for (const peer of peers) peer.destroy();
    server.close();
  });
  return heard;
}
