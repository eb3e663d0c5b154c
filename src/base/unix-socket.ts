/** Unix sockets as files: for their owner alone, and asked whether anybody listens. */
import { createConnection, type Server } from 'node:net';

/** The owner may read and write; a unix socket needs no more. */
const SOCKET_UMASK = 0o177;

/** Listens at `path`, where nothing is yet. Rejects with the error of the system. */
export function listenAlone(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const umask = process.umask(SOCKET_UMASK);
    // Node binds a unix socket before listen() returns; the mask counts only for that.
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
    process.umask(umask);
  });
}

/** The code of the error that a connection fails with (errno(3)); undefined where one is made. */
export function connectFailure(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', ({ code = '' }: NodeJS.ErrnoException) => resolve(code));
  });
}
