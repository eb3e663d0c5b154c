/** A unix socket of a host as a local one, over the user's agent: a stream for each connection. */
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { SshpoolError } from '../base/errors.ts';
import { listenAt } from './local-socket.ts';
import { startOverAgent, type AgentSetting } from './over-agent.ts';
import { CommandProcess } from './process.ts';

export interface ForwardedSocket {
  /** The local one. */
  readonly path: string;
  /** Takes no more connections and ends those that are open; the socket is gone then. */
  close(): Promise<void>;
}

export interface SocketForward extends AgentSetting {
  /** Options of ssh and HOST. */
  readonly words: readonly string[];
  /** What messages call the host. */
  readonly name: string;
  /** Absolute. */
  readonly remotePath: string;
  readonly localPath: string;
  /** One connection could not be carried on; the others can. */
  readonly onError: (error: SshpoolError) => void;
}

/**
 * Resolves when the local socket is there, and a connection to that of the host was made once.
 * @throws SshpoolError TUNNEL_REFUSED, BAD_SOCKET, and why the host cannot be reached
 */
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
    // Those too whose stream is being opened, or has ended before they left.
    for (const socket of sockets) socket.destroy();
    // With it its file goes.
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

/** Connects both ends to each other, each half for itself, until both have ended. */
async function carry(
  forward: SocketForward,
  socket: Socket,
  streams: Set<CommandProcess>,
): Promise<void> {
  // It may leave while the stream is opened. Its close ends all.
  socket.on('error', () => socket.destroy());
  try {
    const stream = await openStream(forward);
    streams.add(stream);
    const leave = (): void => stream.fail(SshpoolError.of('CANCELLED', {}));
    // Where both halves have ended, what came last may still be on its way to the host.
    socket.once('close', (failed: boolean) => {
      if (failed || !socket.readableEnded) leave();
    });
    if (socket.destroyed) leave();
    socket.pipe(stream.stdin);
    // What it still sends is dropped, so that its end is seen.
    stream.stdin.once('close', () => socket.resume());
    stream.stdout.pipe(socket);
    await stream.exit.finally(() => streams.delete(stream));
  } catch (thrown) {
    const error = SshpoolError.from(thrown);
    if (error.code !== 'CANCELLED') forward.onError(error);
    socket.destroy();
  }
}
