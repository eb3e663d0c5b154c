/**
 * Where the agent's socket, lock and log are, and whether that place is ours alone. On the hot
 * path, so it imports only node:fs and node:path; it must not know what the files are for.
 */
import { lstatSync, mkdirSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { SshpoolError, describe } from '../base/errors.ts';

/** sun_path holds 104 bytes on macOS and 108 on Linux, with a NUL: the smaller one for both. */
export const SOCKET_PATH_MAX = 103;
/** The agent listens under a temporary name, a suffix longer, before it publishes the socket. */
const TEMPORARY_SUFFIX = 16;

/** The files of one agent; all of them are directly in `dir`. */
export interface RuntimePaths {
  readonly dir: string;
  readonly socket: string;
  readonly lock: string;
  readonly log: string;
}

/**
 * The agent's files for this environment and user: absolute paths, nothing is created. Throws
 * BAD_SETTING for a relative SSH_POOL_RUNTIME_DIR and PATH_TOO_LONG where no socket would fit.
 */
export function runtimePaths(
  env: Readonly<Record<string, string | undefined>>,
  uid: number,
): RuntimePaths {
  const dir = runtimeDir(env, uid);
  const socket = join(dir, 'agent.sock');
  const bytes = Buffer.byteLength(socket);
  const max = SOCKET_PATH_MAX - TEMPORARY_SUFFIX;
  if (bytes > max) throw SshpoolError.of('PATH_TOO_LONG', { path: socket, bytes, max });
  return { dir, socket, lock: join(dir, 'agent.lock'), log: join(dir, 'agent.log') };
}

function runtimeDir(env: Readonly<Record<string, string | undefined>>, uid: number): string {
  const chosen = env['SSH_POOL_RUNTIME_DIR'];
  if (chosen) {
    if (isAbsolute(chosen)) return resolve(chosen);
    throw SshpoolError.of('BAD_SETTING', {
      variable: 'SSH_POOL_RUNTIME_DIR',
      value: chosen,
      expected: 'an absolute path',
    });
  }
  // The XDG base directory specification: a relative value is to be ignored.
  const xdg = env['XDG_RUNTIME_DIR'];
  if (xdg && isAbsolute(xdg)) return join(xdg, 'sshpool');
  // Without a login session in the environment (cron, sudo) the directory may still be there; both
  // kinds of callers are to find the same agent.
  const run = `/run/user/${uid}`;
  if (isOwnDirectory(run, uid)) return join(run, 'sshpool');
  const temporary = process.platform === 'darwin' ? env['TMPDIR'] : undefined;
  return join(temporary && isAbsolute(temporary) ? temporary : '/tmp', `sshpool-${uid}`);
}

function isOwnDirectory(path: string, uid: number): boolean {
  try {
    const stats = lstatSync(path);
    return stats.isDirectory() && stats.uid === uid;
  } catch {
    // Absent or out of reach: either way it is no place for us, and there is another.
    return false;
  }
}

/**
 * Creates `dir` (mode 0700) and its parents where they are missing. What was there before is left
 * as it is and may be unsafe: call checkDir after it. Throws UNSAFE_PATH where it cannot be made.
 */
export function ensureDir(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    const problem = `it cannot be created (${describe(error)})`;
    throw SshpoolError.of('UNSAFE_PATH', { path: dir, problem }, error);
  }
}

/**
 * True where `dir` is a directory of `uid` that nobody else can enter, false where it does not
 * exist; throws UNSAFE_PATH for anything else, a symbolic link included.
 */
export function checkDir(dir: string, uid: number): boolean {
  const stats = lstat(dir);
  if (stats === undefined) return false;
  const problem = problemOf(stats, uid);
  if (problem !== undefined) throw SshpoolError.of('UNSAFE_PATH', { path: dir, problem });
  return true;
}

interface Stats {
  readonly uid: number;
  readonly mode: number;
  isSymbolicLink(): boolean;
  isDirectory(): boolean;
}

function lstat(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    const problem = `it cannot be examined (${describe(error)})`;
    throw SshpoolError.of('UNSAFE_PATH', { path, problem }, error);
  }
}

function problemOf(stats: Stats, uid: number): string | undefined {
  if (stats.isSymbolicLink()) return 'it is a symbolic link';
  if (!stats.isDirectory()) return 'it is not a directory';
  if (stats.uid !== uid) return `it belongs to user id ${stats.uid}, not to ${uid}`;
  const mode = stats.mode & 0o777;
  if ((mode & 0o077) === 0) return undefined;
  return `other users have access to it (mode ${mode.toString(8).padStart(4, '0')}, not 0700)`;
}
