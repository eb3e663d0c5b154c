/**
 * Programs as execvp(3) finds them in PATH, and among them the real ssh: somebody may have put us
 * there under its name, and to run ourselves in its place would go round in circles.
 */
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

type Env = Readonly<Record<string, string | undefined>>;

/** Where the system keeps its programs, for where there is no PATH. */
export const DEFAULT_PATH = '/usr/bin:/bin:/usr/local/bin';

/** The first `name` in PATH that is wanted, absolute; undefined where there is none. */
export function findProgram(
  name: string,
  { env, cwd }: { readonly env: Env; readonly cwd: string },
  isWanted: (path: string) => boolean = () => true,
): string | undefined {
  return (
    (env['PATH'] ?? DEFAULT_PATH)
      .split(':')
      // An empty one is the working directory.
      .map((directory) => resolve(cwd, join(directory, name)))
      .find((path) => isProgram(path) && isWanted(path))
  );
}

/** The real ssh; undefined where PATH has none, or none but us. */
export function realSsh(env: Env, cwd: string): string | undefined {
  return findProgram('ssh', { env, cwd }, (path) => !isUs(path));
}

/**
 * The real ssh for a caller with this environment: the first of its PATH, or else of the PATH of
 * this process, which in the agent names the system's directories too.
 */
export function sshFor(env: Env, cwd: string): string | undefined {
  return realSsh(env, cwd) ?? realSsh(process.env, '/');
}

/** By its name where the links end: that also knows us where we are installed a second time. */
function isUs(path: string): boolean {
  return basename(realpathSync(path)).startsWith('sshpool');
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // absent, a link to nothing, or not ours to run: the next one may do
  }
}
