/** Whether a program is the native launcher. */
import { closeSync, openSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What `npm run build` made of bin/sshpool. */
export const INSTALLED = fileURLToPath(new URL('../../bin/sshpool', import.meta.url));

/** Whether a file is a program of the machine, not a script. */
export function isNative(file: string): boolean {
  const fd = openSync(file, 'r');
  try {
    const start = Buffer.alloc(2);
    readSync(fd, start);
    return start.toString() !== '#!';
  } finally {
    closeSync(fd);
  }
}
