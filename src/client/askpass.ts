/** A question put by a program, as ssh does it (readpass.c, ssh_askpass). */
import { execFile } from 'node:child_process';
import { printable } from './prompt.ts';

/** ssh's own, where SSH_ASKPASS names none (_PATH_SSH_ASKPASS_DEFAULT). */
const DEFAULT_PROGRAM = '/usr/bin/ssh-askpass';

/** The first line that it prints; undefined where it fails, or cannot be run. */
export function runAskpass(env: NodeJS.ProcessEnv, text: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const program = env['SSH_ASKPASS'] ?? DEFAULT_PROGRAM;
    execFile(program, [printable(text)], { env, encoding: 'utf8' }, (error, stdout) =>
      resolve(error === null ? stdout.split(/[\r\n]/, 1)[0] : undefined),
    );
  });
}
