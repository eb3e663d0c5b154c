/** The paths of the agent's socket, lock and log. On the hot path: imports nothing heavy. */
import { accessSync, constants, lstatSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { describe, SshpoolError } from '../../base/errors.ts';
import { dangerOn } from './private-directory.ts';

/** sun_path has 104 bytes on macOS and 108 on Linux, including a NUL: the smaller one for both. */
export const SOCKET_PATH_MAX = 103;
/** The agent listens under a temporary name, a suffix longer, before it publishes the socket. */
const TEMPORARY_SUFFIX = 16;

const PATH_MAX = SOCKET_PATH_MAX - TEMPORARY_SUFFIX;

export interface RuntimePaths {
  readonly dir: string;
  readonly socket: string;
  /** That of a service manager, which is also linked as `socket`. */
  readonly service: string;
  readonly lock: string;
  readonly log: string;
}

/** Creates nothing. @throws SshpoolError BAD_SETTING for a relative SSH_POOL_RUNTIME_DIR, PATH_TOO_LONG */
export function runtimePaths(
  env: Readonly<Record<string, string | undefined>>,
  uid: number,
): RuntimePaths {
  const dir = runtimeDir(env, uid);
  const socket = join(dir, 'agent.sock');
  const bytes = lengthOf(dir);
  if (bytes > PATH_MAX) {
    throw SshpoolError.of('PATH_TOO_LONG', { path: socket, bytes, max: PATH_MAX });
  }
  return {
    dir,
    socket,
    service: join(dir, 'service.sock'),
    lock: join(dir, 'agent.lock'),
    log: join(dir, 'agent.log'),
  };
}

function lengthOf(dir: string): number {
  return Buffer.byteLength(join(dir, 'agent.sock'));
}

export function startFailure({ log }: RuntimePaths, thrown: unknown): SshpoolError {
  if (thrown instanceof SshpoolError) return thrown;
  return SshpoolError.of('AGENT_START', { reason: describe(thrown), log }, thrown);
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
  // The XDG specification ignores a relative value. Callers without a login session (cron, sudo) must find
  // the same agent.
  const given = [env['XDG_RUNTIME_DIR'], `/run/user/${uid}`];
  const usable = given.find((parent) => parent && isAbsolute(parent) && isUsable(parent, uid));
  if (usable) return join(usable, 'sshpool');
  const name = `sshpool-${uid}`;
  const temporary = process.platform === 'darwin' ? env['TMPDIR'] : undefined;
  const fits = temporary && isAbsolute(temporary) && lengthOf(join(temporary, name)) <= PATH_MAX;
  return join(fits ? temporary : '/tmp', name);
}

/** After su(1) without - it may be the previous user's; and no other user may change it. */
function isUsable(parent: string, uid: number): boolean {
  const path = resolve(parent);
  try {
    const stats = lstatSync(path);
    const own = stats.isDirectory() && stats.uid === uid && (stats.mode & 0o022) === 0;
    if (!own || lengthOf(join(path, 'sshpool')) > PATH_MAX) return false;
    accessSync(path, constants.W_OK | constants.X_OK);
    return dangerOn(path, uid) === undefined;
  } catch {
    // Absent or not accessible: another directory is used.
    return false;
  }
}
