/**
 * OpenSSH's own `ssh`: the first of PATH that is not us. Where we stand in for it (`sshpool wrap`, or
 * a link of the user's), the first one is.
 */
import { accessSync, constants, realpathSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runtimePaths } from './paths.ts';
import type { Env } from './tokens.ts';

/** The same from the bundles in dist as from src. */
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
export const OURS = { program: here('../../bin/sshpool'), client: here('../../bin/sshpool.js') };

/** Where `sshpool wrap` puts what stands in for programs. */
export function wrapDir(env: Env): string {
  return join(runtimePaths(env, process.getuid?.() ?? 0).dir, 'wrap');
}

/** A program of PATH by its name, none of those that stand in for it; undefined where there is none. */
export function realProgram(name: string, env: Env): string | undefined {
  const ours = new Set(Object.values(OURS).flatMap((file) => resolved(file) ?? []));
  const wrap = wrapDir(env);
  return (env['PATH'] ?? '/usr/bin:/bin')
    .split(':')
    .filter((dir) => isAbsolute(dir) && dir !== wrap)
    .map((dir) => join(dir, name))
    .find((file) => isExecutable(file) && !ours.has(resolved(file) ?? ''));
}

/** `ssh` where there is none: whoever runs it says so. */
export function realSsh(env: Env): string {
  return realProgram('ssh', env) ?? 'ssh';
}

function resolved(file: string): string | undefined {
  try {
    return realpathSync(file);
  } catch {
    return undefined; // it is not there
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
