/** A TCP server on loopback; the test handles its connections. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Sandbox } from './sandbox.ts';

export interface Loopback {
  /** On 127.0.0.1. */
  readonly port: number;
  /** How many connections are open now. */
  connections(): number;
}

/** Listens until the end of the sandbox, which resets open connections; socket errors are ignored. */
export async function startLoopback(
  sandbox: Sandbox,
  serve: (socket: Socket) => void,
): Promise<Loopback> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket.on('error', () => undefined));
    socket.once('close', () => sockets.delete(socket));
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  sandbox.defer(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return {
    // The address of a TCP listener has this type.
    port: (server.address() as AddressInfo).port,
    connections: () => sockets.size,
  };
}
