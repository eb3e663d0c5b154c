/** Facts about the native launcher and its build. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compile } from '../../scripts/launcher.js';
import type { Sandbox } from './sandbox.ts';

/** The bin/sshpool that `npm run build` made. */
export const INSTALLED = fileURLToPath(new URL('../../bin/sshpool', import.meta.url));

/** Whether a file is a native executable, not a script. */
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

export const haveCompiler = (): boolean => spawnSync('cc', ['--version']).status === 0;

/** Why a build with sanitizers is not possible here; undefined if it is. */
export function noSanitizers(sandbox: Sandbox): string | undefined {
  const source = sandbox.write('probe.c', 'int main(void) { return 0; }\n');
  const built = compile(sandbox.path('probe'), [source], { sanitize: true });
  return built.ok ? undefined : built.reason;
}
