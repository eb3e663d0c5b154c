/** Unix sockets as files: listening with access for the owner only, and checking for a listener. */
import { createConnection, type Server } from 'node:net';

/** The owner may read and write; a unix socket needs no more. */
const SOCKET_UMASK = 0o177;

/** Listens at `path`, which must not exist. Rejects with the system's error. */
export function listenAlone(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const umask = process.umask(SOCKET_UMASK);
    // Node binds a unix socket before listen() returns, so the umask is needed only until then.
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
    process.umask(umask);
  });
}

/** The error code (errno(3)) of a failed connection; undefined if it succeeds. */
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
