/** Finds out whether bin/sshpool is the native launcher or the Node client. */
import { closeSync, openSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export type Launcher = 'native' | 'node';

/** The program that serves a call, whichever kind it is. */
export const ownProgram = (): string =>
  fileURLToPath(new URL('../../bin/sshpool', import.meta.url));

/** A script begins with #!, a native program with anything else. */
export function installedLauncher(): Launcher {
  const start = Buffer.alloc(2);
  const file = openSync(ownProgram(), 'r');
  readSync(file, start);
  closeSync(file);
  return start.toString('latin1') === '#!' ? 'node' : 'native';
}

export const LAUNCHER_TEXT: Readonly<Record<Launcher, string>> = {
  native: 'native',
  node: 'none, so that each call starts Node; with a C compiler: npm rebuild sshpool',
};
