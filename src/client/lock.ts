/**
 * The lock under which an agent is started, so that many first callers start one: a unix socket on
 * which its holder listens. The kernel ends it with its holder, so no process id is ever judged. A
 * connection to it waits: it ends when the holder lets go or dies.
 */
import { linkSync, lstatSync, renameSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { SshpoolError, describe } from '../base/errors.ts';
import { pause } from '../base/time.ts';
import { listenAlone } from '../base/unix-socket.ts';

export interface Lock {
  release(): void;
}

/** What connect(2) says where no process listens, also of a file of an older sshpool. */
const DEAD = new Set(['ECONNREFUSED', 'ENOTSOCK', 'EPROTOTYPE', 'EACCES', 'ELOOP']);
/** How often one looks again that found no room among those that wait. */
const FULL_RETRY_MS = 20;

/**
 * Takes the lock at `path`, or waits for its holder; resolves to undefined once that has let go of
 * it or died. @throws SshpoolError LOCK_HELD where it does neither within `limitMs`
 */
export async function takeLock(path: string, limitMs: number): Promise<Lock | undefined> {
  const seen = identityOf(path);
  const holder = await lookAt(path);
  if (holder === 'full') {
    if (limitMs > FULL_RETRY_MS) return pause(FULL_RETRY_MS).then(() => undefined);
    throw SshpoolError.of('LOCK_HELD', { path });
  }
  if (typeof holder !== 'string') {
    if (await ends(holder, limitMs)) return undefined;
    throw SshpoolError.of('LOCK_HELD', { path });
  }
  // A link to nothing is in the way, too.
  const dead = holder === 'dead' || seen?.isLink;
  const aside = dead ? putAside(path, seen?.text) : undefined;
  try {
    return await publish(path);
  } finally {
    // Not before: its number would be free for a new lock, which others would take for this one.
    if (aside !== undefined) rmSync(aside, { force: true, recursive: true });
  }
}

/** A connection to the holder; `full` where more wait for it than it has room for. */
function lookAt(path: string): Promise<Socket | 'free' | 'dead' | 'full'> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.once('connect', () => resolve(socket));
    // Stays: what ends the connection later is the end of the lock, and no error.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const { code = '' } = error;
      // Released, before we looked or while we did.
      if (code === 'ENOENT' || code === 'ECONNRESET') resolve('free');
      else if (code === 'EAGAIN') resolve('full');
      else if (DEAD.has(code)) resolve('dead');
      else reject(SshpoolError.of('UNSAFE_PATH', { path, problem: describe(error) }, error));
    });
  });
}

/** Whether a connection ends within `limitMs`. */
function ends(socket: Socket, limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      resolve(false);
      socket.destroy();
    }, limitMs);
    socket.resume();
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

/**
 * Moves the lock away that was seen dead; returns where it is now. Another process may have put its
 * own in place meanwhile: that one stays, or goes back at once. Where a third was quicker then, two
 * agents start, and the second finds the socket of the first and leaves.
 */
function putAside(path: string, seen: string | undefined): string | undefined {
  if (identityOf(path)?.text !== seen) return undefined;
  const aside = temporaryName(path);
  try {
    renameSync(path, aside);
  } catch {
    return undefined; // another process moved it first
  }
  if (identityOf(aside)?.text !== seen) link(aside, path);
  return aside;
}

/** Listens under a temporary name and publishes that in one step, if no other was first. */
async function publish(path: string): Promise<Lock | undefined> {
  const temporary = temporaryName(path);
  const waiting = new Set<Socket>();
  const server = createServer((socket) => {
    waiting.add(socket);
    socket.on('error', () => undefined).on('close', () => waiting.delete(socket));
  });
  await listenAlone(server, temporary);
  const own = identityOf(temporary)?.text;
  const release = (): void => {
    // First the name: those who wait look at it as soon as they are let go.
    if (identityOf(path)?.text === own) rmSync(path, { force: true });
    server.close();
    for (const socket of waiting) socket.destroy();
  };
  try {
    if (link(temporary, path)) return { release };
    server.close();
    return undefined;
  } catch (thrown) {
    server.close();
    throw thrown;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** False where the name is taken. */
function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw thrown;
  }
}

/** What neither link(2) nor rename(2) changes. */
function identityOf(path: string): { readonly text: string; readonly isLink: boolean } | undefined {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && { text: `${stats.ino} ${stats.mtimeNs}`, isLink: stats.isSymbolicLink() };
}

/** Short, for the path of a socket. One process may take several locks at once. */
function temporaryName(path: string): string {
  return `${path}.${process.pid}.${Math.random().toString(36).slice(2, 7)}`;
}
