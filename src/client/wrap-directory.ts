/** A directory for the front of PATH in which `ssh` is sshpool, and scp and sftp are scripts that use it. */
import {
  lstatSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { findProgram } from '../base/programs.ts';
import type { RuntimePaths } from '../config/settings/paths.ts';
import { checkDir, ensureDir } from '../config/settings/private-directory.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** They have the path of ssh built in, and take another with `-S`. */
const SCRIPTED = ['scp', 'sftp'] as const;

/**
 * Creates or repairs the directory while others may use it: replaces only wrong files, each in one step.
 * `program` is bin/sshpool. @throws SshpoolError UNSAFE_PATH
 */
export function wrapDirectory({ dir }: RuntimePaths, program: string, env: Env): string {
  const uid = process.getuid?.() ?? 0;
  const wrap = join(dir, 'wrap');
  for (const directory of [dir, wrap]) {
    ensureDir(directory);
    checkDir(directory, uid);
  }
  const ssh = join(wrap, 'ssh');
  const isOurs = (path: string): boolean => realpathSync(dirname(path)) === realpathSync(wrap);
  if (linkOf(ssh) !== program) replace(ssh, (path) => symlinkSync(program, path));
  for (const name of SCRIPTED) {
    const script = join(wrap, name);
    const real = findProgram(name, { env, cwd: '.' }, (path) => !isOurs(path));
    if (real === undefined) rmSync(script, { force: true });
    else writeScript(script, scriptFor(name, real, ssh));
  }
  return wrap;
}

/** Runs the program under its own name, which it prints in its messages. */
function scriptFor(name: string, real: string, ssh: string): string {
  const lines = [`PATH=${quote(dirname(real))}:$PATH`, `exec ${name} -S ${quote(ssh)} "$@"`];
  return ['#!/bin/sh', ...lines, ''].join('\n');
}

function writeScript(path: string, text: string): void {
  if (textOf(path) === text) return;
  replace(path, (made) => writeFileSync(made, text, { mode: 0o700 }));
}

function replace(path: string, make: (path: string) => void): void {
  const made = `${path}.${process.pid}`;
  rmSync(made, { force: true });
  make(made);
  renameSync(made, path);
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // absent or another kind of file: it is replaced
  }
}

function textOf(path: string): string | undefined {
  try {
    return lstatSync(path).isFile() ? readFileSync(path, 'utf8') : undefined;
  } catch {
    return undefined; // absent
  }
}

function quote(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
