/**
 * Which launcher serves a call: bin/sshpool itself, or, where that is a script (bin/sshpool.sh), the program
 * that the script starts. The script chooses in the same way.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { machine } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isScript } from './programs.ts';
import { packageFile } from './version.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** `prebuilt` comes with the package; the agent makes `compiled` for the user. */
export interface Launcher {
  readonly kind: 'native' | 'prebuilt' | 'compiled' | 'none';
  /** For `none`: where the agent would put it; undefined without a place. */
  readonly path: string | undefined;
}

/** The program that serves a call, whichever kind it is. */
export const ownProgram = (): string => fileURLToPath(packageFile('bin/sshpool'));

export function findLauncher(env: Env): Launcher {
  const program = ownProgram();
  if (!isScript(program)) return { kind: 'native', path: program };
  const prebuilt = fileURLToPath(packageFile(`bin/launchers/sshpool-${machineName()}`));
  if (existsSync(prebuilt)) return { kind: 'prebuilt', path: prebuilt };
  const compiled = compiledPath(readFileSync(program, 'latin1'), env);
  const exists = compiled !== undefined && existsSync(compiled);
  return { kind: exists ? 'compiled' : 'none', path: compiled };
}

/** As in the script, whose text has the name of the file: it is that of the launcher's source. */
function compiledPath(script: string, { HOME: home }: Env): string | undefined {
  const [name] = /launcher-[0-9a-f]+-/.exec(script) ?? [];
  if (name === undefined || home === undefined || !isAbsolute(home) || !isOwn(home))
    return undefined;
  return join(home, '.cache', 'sshpool', `${name}${kernelMachine() ?? ''}`);
}

/** The owner of another home could replace the file. */
function isOwn(directory: string): boolean {
  return statSync(directory, { throwIfNoEntry: false })?.uid === process.getuid?.();
}

function machineName(): string {
  const name = kernelMachine() ?? machine();
  return /^armv.*l$/.test(name) ? 'arm' : name;
}

/** As the kernel names it, since Linux 6.1; uname(2) may name another one (personality(2)). */
function kernelMachine(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/arch', 'latin1').trim();
  } catch {
    return undefined; // an older one, or another system
  }
}
