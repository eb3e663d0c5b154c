/** Unix sockets as files: listening with access for the owner only, and checking for a listener. */
import { createConnection, type Server } from 'node:net';

const SOCKET_UMASK = 0o177;

/** `path` must not exist. Rejects with the system's error. */
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

/** An error code of errno(3); undefined if the connection succeeds. */
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
