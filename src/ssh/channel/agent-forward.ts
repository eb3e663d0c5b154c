/** Agent forwarding (PROTOCOL.agent), only on a connection whose connection key names the agent's socket. */
import { keep } from '../../base/borrowed.ts';
import { createConnection } from 'node:net';
import type { Channel, ChannelEvents } from './channel.ts';
import type { Channels } from './channels.ts';

export function forwardKeyAgent(channels: Channels, socketPath: string): void {
  channels.accept('auth-agent@openssh.com', (channel) => join(channel, socketPath));
}

function join(channel: () => Channel, socketPath: string): ChannelEvents {
  const socket = createConnection({ path: socketPath, allowHalfOpen: true });
  const flow = (): void => {
    // Data beyond the server's window stays in the socket.
    const room = channel().sendWindow;
    if (room === 0) return;
    const data = socket.read(Math.min(room, socket.readableLength)) as Buffer | null;
    if (data !== null) channel().write(data);
  };
  socket.on('readable', flow);
  socket.on('end', () => channel().end());
  // If the key agent fails, the server sees its channel close.
  socket.on('error', () => socket.destroy());
  socket.on('close', () => channel().close());
  return {
    onOpen: flow,
    onRefused: () => socket.destroy(),
    onData: (data) => {
      socket.write(keep(data), () => channel().consume(data.length));
    },
    onStderr: (data) => channel().consume(data.length),
    onEof: () => socket.end(),
    onWindow: flow,
    onRequest: () => false,
    onClose: () => socket.destroy(),
  };
}
