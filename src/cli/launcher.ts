/** Which program bin/sshpool is: the native launcher, or the Node client in its place. */
import { closeSync, openSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export type Launcher = 'native' | 'node';

/** A script begins with #!, a program of the machine with anything else. */
export function installedLauncher(): Launcher {
  const start = Buffer.alloc(2);
  const file = openSync(fileURLToPath(new URL('../../bin/sshpool', import.meta.url)), 'r');
  readSync(file, start);
  closeSync(file);
  return start.toString('latin1') === '#!' ? 'node' : 'native';
}

/** What it means, and how to have the other. */
export const LAUNCHER_TEXT: Readonly<Record<Launcher, string>> = {
  native: 'native',
  node: 'none, so that each call starts Node; with a C compiler: npm rebuild sshpool',
};
