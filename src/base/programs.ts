/** Finds programs in PATH as execvp(3) does, and the real ssh: `ssh` in PATH may be a link to sshpool. */
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

type Env = Readonly<Record<string, string | undefined>>;

export const DEFAULT_PATH = '/usr/bin:/bin:/usr/local/bin';

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
  return findProgram('ssh', { env, cwd }, (path) => !isUs(path));
}

/** In the caller's PATH, or else in that of this process: the agent's has the system's directories. */
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
