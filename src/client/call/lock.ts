/**
 * The lock under which an agent is started: a unix socket on which its holder listens. The kernel closes
 * it with its holder, so no process id has to be checked; a waiting process sees its connection end.
 */
import { linkSync, lstatSync, renameSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { SshpoolError, describe } from '../../base/errors.ts';
import { pause } from '../../base/time.ts';
import { listenAlone } from '../../base/unix-socket.ts';

export interface Lock {
  release(): void;
}

/** Errors of connect(2) where no process listens, also for a file of an older sshpool. */
const DEAD = new Set(['ECONNREFUSED', 'ENOTSOCK', 'EPROTOTYPE', 'EACCES', 'ELOOP']);
/** Retry interval if the holder's backlog is full. */
const FULL_RETRY_MS = 20;

/** Undefined once another holder has released it or died. @throws SshpoolError LOCK_HELD after `limitMs` */
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
  // A dangling link blocks the path, too.
  const dead = holder === 'dead' || seen?.isLink;
  const aside = dead ? putAside(path, seen?.text) : undefined;
  try {
    return await publish(path);
  } finally {
    // Only now: a new lock could get its inode number, and other processes would take it for this one.
    if (aside !== undefined) rmSync(aside, { force: true, recursive: true });
  }
}

function lookAt(path: string): Promise<Socket | 'free' | 'dead' | 'full'> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.once('connect', () => resolve(socket));
    // Kept: a later error only means the end of the lock.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const { code = '' } = error;
      // The lock was released before or during this connect.
      if (code === 'ENOENT' || code === 'ECONNRESET') resolve('free');
      else if (code === 'EAGAIN') resolve('full');
      else if (DEAD.has(code)) resolve('dead');
      else reject(SshpoolError.of('UNSAFE_PATH', { path, problem: describe(error) }, error));
    });
  });
}

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
 * Returns the new path. A lock that another process put there meanwhile stays or is moved back at once. If
 * a third takes it in between, two agents start; the second finds the socket of the first and exits.
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

/** Listens under a temporary name and publishes it in one step, unless another process was first. */
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
    // Removes the name first: waiting processes check it as soon as their connection closes.
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

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw thrown;
  }
}

/** Identifies a file by values that neither link(2) nor rename(2) changes. */
function identityOf(path: string): { readonly text: string; readonly isLink: boolean } | undefined {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && { text: `${stats.ino} ${stats.mtimeNs}`, isLink: stats.isSymbolicLink() };
}

/** Short, because socket paths are limited. Random, as one process may take several locks at once. */
function temporaryName(path: string): string {
  return `${path}.${process.pid}.${Math.random().toString(36).slice(2, 7)}`;
}
