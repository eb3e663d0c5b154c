/** Forwards a unix socket of a host to a local one, over the user's agent: one stream for each connection. */
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { SshpoolError } from '../base/errors.ts';
import { listenAt } from './local-socket.ts';
import { startOverAgent, type AgentSetting } from './over-agent.ts';
import { CommandProcess } from './process.ts';

export interface ForwardedSocket {
  readonly path: string;
  close(): Promise<void>;
}

/** `words` are options of ssh and HOST; `remotePath` is absolute; after `onError` the others go on. */
export interface SocketForward extends AgentSetting {
  readonly words: readonly string[];
  readonly name: string;
  readonly remotePath: string;
  readonly localPath: string;
  readonly onError: (error: SshpoolError) => void;
}

/** Opens one stream first. @throws SshpoolError TUNNEL_REFUSED, BAD_SOCKET, why the host is not reached */
export async function forwardSocket(forward: SocketForward): Promise<ForwardedSocket> {
  const { localPath: path } = forward;
  const streams = new Set<CommandProcess>();
  const sockets = new Set<Socket>();
  const probe = await openStream(forward);
  probe.fail(SshpoolError.of('CANCELLED', {}));
  const lock = join(forward.paths.dir, 'forward.lock');
  const server = await listenAt(path, lock, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    void carry(forward, socket, streams);
  });
  const close = (): Promise<void> => {
    for (const stream of streams) stream.fail(SshpoolError.of('CANCELLED', {}));
    // Also sockets whose stream is being opened, or has ended before they were closed.
    for (const socket of sockets) socket.destroy();
    // Closing the server removes the file.
    return new Promise((resolve) => void server.close(() => resolve()));
  };
  return { path, close };
}

async function openStream(forward: SocketForward): Promise<CommandProcess> {
  const { words, name, remotePath } = forward;
  const stream = new CommandProcess({ stdin: 'pipe' });
  const all = [...words, remotePath].map((word) => Buffer.from(word));
  const { signal } = new AbortController();
  await startOverAgent(stream, { command: 'forward', words: all, name }, forward, signal);
  return stream;
}

async function carry(
  forward: SocketForward,
  socket: Socket,
  streams: Set<CommandProcess>,
): Promise<void> {
  // The client may disconnect while the stream is being opened. Its close event ends everything.
  socket.on('error', () => socket.destroy());
  try {
    const stream = await openStream(forward);
    streams.add(stream);
    const leave = (): void => stream.fail(SshpoolError.of('CANCELLED', {}));
    // If both directions have ended, the last bytes may still be on their way to the host.
    socket.once('close', (failed: boolean) => {
      if (failed || !socket.readableEnded) leave();
    });
    if (socket.destroyed) leave();
    socket.pipe(stream.stdin);
    // Drops what the client still sends, so that its end of file is seen.
    stream.stdin.once('close', () => socket.resume());
    stream.stdout.pipe(socket);
    await stream.exit.finally(() => streams.delete(stream));
  } catch (thrown) {
    const error = SshpoolError.from(thrown);
    if (error.code !== 'CANCELLED') forward.onError(error);
    socket.destroy();
  }
}
