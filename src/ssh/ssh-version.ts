/** What the installed ssh calls itself. */
import { execFile } from 'node:child_process';
import { sshFor } from '../base/programs.ts';

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
