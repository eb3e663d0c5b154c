/**
 * A stand-in for the API of a docker engine, at a unix socket: enough of it for `docker ps` and
 * `docker version`, and an upgraded connection that sends back what it gets, as `attach` is one.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface DockerApi extends AsyncDisposable {
  /** What was asked for, each as `METHOD /path`, the version of the API left out. */
  readonly asked: readonly string[];
  /** Connections that are open now. */
  connections(): number;
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
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${pathOf(request)}`);
    answer(request, response);
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (_request, socket: Socket, head: Buffer) => {
    socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    socket.write(head);
    // Its own end comes only after ours: half of a connection may be closed before the other.
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    asked,
    connections: () => sockets.size,
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
