/** The version of the installed ssh, and comparing versions of OpenSSH. */
import { execFile } from 'node:child_process';
import { envForSsh, sshFor } from '../../base/programs.ts';

const LIMIT_MS = 2000;

/** The line of `ssh -V`; empty if there is no ssh. */
export function sshVersion(env: NodeJS.ProcessEnv): Promise<string> {
  const program = sshFor(env, '/');
  if (program === undefined) return Promise.resolve('');
  return new Promise((resolve) => {
    const options = { timeout: LIMIT_MS, env: envForSsh(program, { PATH: env['PATH'] }) };
    execFile(program, ['-V'], options, (_error, _printed, said) => resolve(said));
  });
}

/** `version` is a text such as `OpenSSH_9.2p1 Debian-2`. */
export function isAtLeast(version: string, major: number, minor: number): boolean {
  const [, ...numbers] = /^OpenSSH_(\d+)\.(\d+)/.exec(version) ?? [];
  const [isMajor = 0, isMinor = 0] = numbers.map(Number);
  return isMajor * 100 + isMinor >= major * 100 + minor;
}
