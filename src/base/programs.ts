/**
 * Finds programs in PATH as execvp(3) does, and the real ssh: `ssh` in PATH may be a link to sshpool,
 * which must not run itself.
 */
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

type Env = Readonly<Record<string, string | undefined>>;

/** The system's program directories, used without PATH. */
export const DEFAULT_PATH = '/usr/bin:/bin:/usr/local/bin';

/** The absolute path of the first accepted `name` in PATH; undefined for none. */
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

/** The real ssh; undefined if PATH has none, or only sshpool. */
export function realSsh(env: Env, cwd: string): string | undefined {
  return findProgram('ssh', { env, cwd }, (path) => !isUs(path));
}

/**
 * The real ssh for a caller with this environment: the first in its PATH, or else in the PATH of this
 * process, which in the agent includes the system's directories.
 */
export function sshFor(env: Env, cwd: string): string | undefined {
  return realSsh(env, cwd) ?? realSsh(process.env, '/');
}

/** Compares the file name behind all links, which also detects a second installation. */
function isUs(path: string): boolean {
  return basename(realpathSync(path)).startsWith('sshpool');
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // absent, a dangling link, or not executable: the next one is tried
  }
}
