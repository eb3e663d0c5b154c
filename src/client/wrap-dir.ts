/**
 * The directory that `sshpool wrap` puts first in PATH: in it ssh is sshpool, and so it is for scp
 * and sftp, which do not look for ssh in PATH. It stays, for what still runs when its tool has ended.
 */
import {
  chmodSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { checkDir, ensureDir } from '../config/paths.ts';
import { realProgram, wrapDir } from '../config/real-ssh.ts';

const COPIERS = ['scp', 'sftp'];

/**
 * Makes it, or brings it up to date.
 * @returns its path
 * @throws SshpoolError UNSAFE_PATH where the place is not ours alone
 */
export function makeWrapDir(program: string, env: NodeJS.ProcessEnv): string {
  const dir = wrapDir(env);
  ensureDir(dir);
  checkDir(dir, process.getuid?.() ?? 0);
  const ssh = join(dir, 'ssh');
  if (textOf(() => readlinkSync(ssh)) !== program) {
    put(ssh, (file) => symlinkSync(program, file));
  }
  for (const name of COPIERS) {
    const real = realProgram(name, env);
    if (real === undefined) continue;
    const [file, script] = [join(dir, name), scriptOf(real, ssh)];
    if (textOf(() => readFileSync(file, 'utf8')) === script) continue;
    put(file, (made) => {
      writeFileSync(made, script, { mode: 0o700, flag: 'wx' });
      chmodSync(made, 0o700);
    });
  }
  return dir;
}

/** As a whole: others may be running the old one. */
function put(file: string, make: (file: string) => void): void {
  const made = `${file}.${process.pid}`;
  make(made);
  renameSync(made, file);
}

function textOf(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined; // it is not there, or something else is
  }
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

function scriptOf(real: string, ssh: string): string {
  return `#!/bin/sh\nexec ${quoted(real)} -S ${quoted(ssh)} "$@"\n`;
}
