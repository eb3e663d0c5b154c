/** The local end of a forwarded unix socket: who may connect to it, and which file it may replace. */
import { lstatSync, rmSync, type Stats } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { describe, SshpoolError } from '../base/errors.ts';
import { connectFailure, listenAlone } from '../base/unix-socket.ts';
import { takeLock, type Lock } from '../client/call/lock.ts';
import { SOCKET_PATH_MAX } from '../config/settings/paths.ts';

/** How long other processes may hold the lock, on a busy machine. */
const LOCK_MS = 15_000;

/** Replaces only a dead socket of this user. All who do so share `lock`. @throws SshpoolError BAD_SOCKET */
export async function listenAt(
  path: string,
  lock: string,
  onSocket: (socket: Socket) => void,
): Promise<Server> {
  const held = await locked(lock);
  try {
    if (!(await checkPlace(path))) rmSync(path, { force: true });
    // Each direction ends by itself.
    const server = createServer({ allowHalfOpen: true }, onSocket);
    await listenAlone(server, path);
    return server;
  } catch (thrown) {
    throw thrown instanceof SshpoolError ? thrown : refused(path, describe(thrown), thrown);
  } finally {
    held.release();
  }
}

/** If two processes find the same dead socket, the second would remove the new socket of the first. */
async function locked(path: string): Promise<Lock> {
  const deadline = performance.now() + LOCK_MS;
  for (;;) {
    const lock = await takeLock(path, deadline - performance.now());
    if (lock) return lock;
  }
}

/** False if a dead socket of this user is there. @throws SshpoolError BAD_SOCKET if none can be made there */
export async function checkPlace(path: string): Promise<boolean> {
  const bytes = Buffer.byteLength(path);
  // Node cuts off a longer path without an error.
  if (bytes > SOCKET_PATH_MAX) {
    throw refused(path, `it has ${bytes} bytes, and a socket takes ${SOCKET_PATH_MAX}`);
  }
  const stats = lstat(path);
  if (stats === undefined) return true;
  if (!stats.isSocket()) throw refused(path, 'there is something else');
  if (stats.uid !== process.getuid?.()) throw refused(path, `it is that of user id ${stats.uid}`);
  const failure = await connectFailure(path);
  if (failure === 'ECONNREFUSED' || failure === 'ENOENT') return false;
  throw refused(path, 'another process listens there already');
}

function lstat(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (thrown) {
    throw refused(path, describe(thrown), thrown);
  }
}

function refused(path: string, problem: string, cause?: unknown): SshpoolError {
  return SshpoolError.of('BAD_SOCKET', { path, problem }, cause);
}
