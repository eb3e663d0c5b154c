import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { deferred } from '../../../src/base/deferred.ts';
import { shareableReads, shareReads, acceptSharing } from '../../../src/base/shared-reads.ts';
import { createSandbox } from '../../support/sandbox.ts';
import { connected } from '../../support/sockets.ts';

/** A server that passes each of its sockets to `serve`, and a function that connects to it. */
async function listen(serve: (socket: Socket) => void): Promise<{
  readonly server: Server;
  readonly connect: () => Socket;
}> {
  const sandbox = createSandbox();
  const path = sandbox.path('socket');
  const server = createServer(serve);
  server.listen(path);
  await once(server, 'listening');
  acceptSharing(server, serve);
  onTestFinished(async () => {
    server.close();
    await sandbox[Symbol.asyncDispose]();
  });
  return { server, connect: () => createConnection(path) };
}

/** Sends back a copy of everything that it receives. */
const echo = (socket: Socket): void => {
  socket.on('data', (chunk: Buffer) => socket.write(Buffer.from(chunk)));
  socket.on('end', () => socket.end());
};

async function exchange(socket: Socket, bytes: Buffer): Promise<Buffer> {
  const received: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => received.push(chunk));
  socket.end(bytes);
  await once(socket, 'close');
  return Buffer.concat(received);
}

test('data that several clients send at once arrives whole and separate', async () => {
  const { connect } = await listen(echo);
  const sent = [1, 2, 3, 4].map((fill) => Buffer.alloc(1_000_000, fill));
  const received = await Promise.all(sent.map((bytes) => exchange(connect(), bytes)));
  expect(received.map((bytes, index) => sent[index]?.equals(bytes))).toEqual([
    true,
    true,
    true,
    true,
  ]);
});

test('all reads use the memory of one buffer', async () => {
  const memory = new Set<ArrayBufferLike>();
  const { connect } = await listen((socket) => {
    socket.on('data', (chunk: Buffer) => memory.add(chunk.buffer));
    echo(socket);
  });
  await Promise.all([1, 2].map((fill) => exchange(connect(), Buffer.alloc(300_000, fill))));
  expect(memory.size).toBe(1);
});

test('data that arrives before there is a listener is not lost', async () => {
  const accepted: Socket[] = [];
  const came = deferred();
  const { connect } = await listen((socket) => {
    accepted.push(socket);
    came.resolve();
  });
  const client = connect();
  client.write('early');
  await came.promise;
  const [socket] = accepted;
  if (socket === undefined) throw new Error('no socket');
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  expect(chunk.toString()).toBe('early');
  client.destroy();
  await once(socket, 'close');
});

test('the server is closed after its sockets are closed', async () => {
  const { server, connect } = await listen(echo);
  const client = connect();
  await exchange(client, Buffer.from('bye'));
  server.close();
  await once(server, 'close');
  expect(server.listening).toBe(false);
});

/** A client with shareable reads, and the server's end of its connection. */
const shareable = (): ReturnType<typeof connected> => connected({ onread: shareableReads() });

async function nextChunk(socket: Socket): Promise<Buffer> {
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  return chunk;
}

test('a chunk has its own memory until reads are shared, and is then a view that is overwritten', async () => {
  const [client, far] = await shareable();
  far.write('first');
  const own = await nextChunk(client);
  shareReads(client);
  far.write('other');
  const view = await nextChunk(client);
  expect(view.toString()).toBe('other');
  far.write('third');
  await nextChunk(client);
  expect([own.toString(), view.toString()]).toEqual(['first', 'third']);
});

test('data that waited for a reader is delivered before data that is read later', async () => {
  const [client, far] = await shareable();
  client.on('data', () => undefined);
  client.pause();
  far.write('a');
  shareReads(client);
  const received: string[] = [];
  client.on('data', (chunk: Buffer) => received.push(chunk.toString()));
  client.resume();
  far.end('b');
  await once(client, 'end');
  expect(received.join('')).toBe('ab');
});
