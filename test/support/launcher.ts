/** What tests must know of the native launcher and of what builds it. */
import { closeSync, openSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compile } from '../../scripts/launcher.js';
import type { Sandbox } from './sandbox.ts';

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

/** Why nothing can be built with sanitizers here; undefined where it can. */
export function noSanitizers(sandbox: Sandbox): string | undefined {
  const source = sandbox.write('probe.c', 'int main(void) { return 0; }\n');
  const built = compile(sandbox.path('probe'), [source], { sanitize: true });
  return built.ok ? undefined : built.reason;
}
