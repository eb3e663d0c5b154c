/**
 * A fake Docker engine API on a unix socket. It supports `docker ps`, `docker version` and upgraded
 * connections as `attach` has them: `/echo` sends back what it receives, `/take` sends end of file at
 * once and reads on, `/flood` sends without end.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface DockerApi extends AsyncDisposable {
  /** What `/take` received, one entry for each connection that has ended. */
  readonly taken: readonly Buffer[];
  /** How many bytes `/flood` has sent. */
  flooded(): number;
}

const CONTAINER = {
  Id: 'c0ffee00'.repeat(8),
  Image: 'nginx:stand-in',
  Command: 'serve',
  Created: 1_700_000_000,
  State: 'running',
  Status: 'Up 3 hours',
  Names: ['/stand-in'],
  Ports: [],
  Labels: {},
};

export async function startDockerApi(path: string): Promise<DockerApi> {
  const taken: Buffer[] = [];
  let flooded = 0;
  const flood = (socket: Socket): void => {
    const chunk = Buffer.alloc(64 * 1024);
    socket.write(chunk, (error) => {
      if (error) return;
      flooded += chunk.length;
      flood(socket);
    });
  };
  const sockets = new Set<Socket>();
  const server = createServer(answer);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (request, socket: Socket) => {
    socket.on('error', () => socket.destroy());
    socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    const what = pathOf(request);
    if (what === '/flood') return flood(socket);
    if (what === '/take') {
      buffer(socket).then(
        (bytes) => taken.push(bytes),
        () => undefined,
      );
      socket.end('ready');
    } else socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    taken,
    flooded: () => flooded,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.replace(/^\/v[\d.]+/, '').replace(/\?.*/, '');
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const headers = { 'Api-Version': '1.43', 'Content-Type': 'application/json' };
  switch (pathOf(request)) {
    case '/_ping':
      response.writeHead(200, headers).end('OK');
      return;
    case '/version':
      response.writeHead(200, headers);
      response.end(JSON.stringify({ Version: 'stand-in', ApiVersion: '1.43', Os: 'linux' }));
      return;
    case '/containers/json':
      response.writeHead(200, headers).end(JSON.stringify([CONTAINER]));
      return;
    default:
      response.writeHead(404, headers).end(JSON.stringify({ message: 'no such thing' }));
  }
}
