/** Finds programs in PATH as execvp(3) does, and the real ssh: `ssh` in PATH may be a link to sshpool. */
import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { basename, join, resolve } from 'node:path';

type Env = Readonly<Record<string, string | undefined>>;

export const DEFAULT_PATH = '/usr/bin:/bin:/usr/local/bin';

/**
 * The scripts named ssh that sshpool has run as ssh, their links resolved, divided by colons. A call of
 * `sshpool ssh` that finds this variable was made by one of them: ssh itself has to do it.
 */
export const SSH_TRIED = 'SSHPOOL_SSH_TRIED';

export function findProgram(
  name: string,
  { env, cwd }: { readonly env: Env; readonly cwd: string },
  isWanted: (path: string) => boolean = () => true,
): string | undefined {
  return (
    (env['PATH'] ?? DEFAULT_PATH)
      .split(':')
      // An empty entry is the working directory.
      .map((directory) => resolve(cwd, join(directory, name)))
      .find((path) => isProgram(path) && isWanted(path))
  );
}

export function realSsh(env: Env, cwd: string): string | undefined {
  const tried = env[SSH_TRIED]?.split(':') ?? [];
  return findProgram(
    'ssh',
    { env, cwd },
    (path) => !isUs(path) && !tried.includes(realpathSync(path)),
  );
}

/**
 * The environment in which to run `ssh`, a program that was found here. A script may run sshpool again,
 * which then passes over it; where a program of another kind runs sshpool (as its ProxyCommand), that is
 * a call of its own.
 */
export function envForSsh(ssh: string, env: Env): Record<string, string | undefined> {
  const { [SSH_TRIED]: tried, ...rest } = env;
  if (!isScript(ssh)) return rest;
  const script = realpathSync(ssh);
  return { ...rest, [SSH_TRIED]: tried === undefined ? script : `${tried}:${script}` };
}

/** In the caller's PATH, or else in that of this process: the agent's has the system's directories. */
export function sshFor(env: Env, cwd: string): string | undefined {
  return realSsh(env, cwd) ?? realSsh(process.env, '/');
}

/** Compares the file name behind all links, which also detects a second installation. */
function isUs(path: string): boolean {
  return basename(realpathSync(path)).startsWith('sshpool');
}

/** A script begins with #!, a native program with anything else. */
export function isScript(path: string): boolean {
  const start = Buffer.alloc(2);
  try {
    const file = openSync(path, 'r');
    readSync(file, start);
    closeSync(file);
  } catch {
    return false; // it may be executed, and not read
  }
  return start.toString('latin1') === '#!';
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // absent, a dangling link, or not executable: the next one is tried
  }
}
