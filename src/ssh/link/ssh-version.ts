/** Versions of OpenSSH: of the installed ssh, and as they are compared. */
import { execFile } from 'node:child_process';
import { sshFor } from '../../base/programs.ts';

const LIMIT_MS = 2000;

/** The line of `ssh -V`; empty where there is none. */
export function sshVersion(env: NodeJS.ProcessEnv): Promise<string> {
  const program = sshFor(env, '/');
  if (program === undefined) return Promise.resolve('');
  return new Promise((resolve) => {
    execFile(program, ['-V'], { timeout: LIMIT_MS, env: {} }, (_error, _printed, said) =>
      resolve(said),
    );
  });
}

/** Whether what calls itself so (`OpenSSH_9.2p1 Debian-2`) is OpenSSH of this version or a later one. */
export function isAtLeast(version: string, major: number, minor: number): boolean {
  const [, ...numbers] = /^OpenSSH_(\d+)\.(\d+)/.exec(version) ?? [];
  const [isMajor = 0, isMinor = 0] = numbers.map(Number);
  return isMajor * 100 + isMinor >= major * 100 + minor;
}
