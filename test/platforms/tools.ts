/** Programs from npm packages: versions of Node, and package managers. Kept in .cache between runs. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../support/package.ts';
import type { Env } from './row.ts';

/** Runs a program that installs something. The user's settings, which may name a registry, stay. */
export async function install(words: readonly string[], env: Env, cwd: string): Promise<void> {
  const [program = '', ...args] = words;
  await promisify(execFile)(program, args, { cwd, env: { ...process.env, ...env } });
}

/** Installs the package by the machine's own npm, without the script of ssh2, which compiles; returns its program. */
export async function installGlobally(
  packed: string,
  prefix: string,
  options: readonly string[] = ['--ignore-scripts'],
): Promise<string> {
  const words = ['npm', 'install', '--global', '--prefix', prefix, '--no-audit', '--no-fund'];
  await install([...words, ...options, packed], {}, '/');
  return join(prefix, 'bin', 'sshpool');
}

/** Rows that run at the same time may need the same. */
const tools = new Map<string, Promise<string>>();

/** The node_modules with a package and what it needs. */
export function tool(spec: string): Promise<string> {
  const found = tools.get(spec) ?? getTool(spec);
  tools.set(spec, found);
  return found;
}

async function getTool(spec: string): Promise<string> {
  const place = join(ROOT, '.cache', 'tools', spec);
  const modules = join(place, 'node_modules');
  // npm writes it last.
  if (existsSync(join(modules, '.package-lock.json'))) return modules;
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  // --force: the program will run on another Node than this one.
  const options = ['--no-save', '--no-audit', '--no-fund', '--force'];
  await install(['npm', 'install', '--prefix', place, ...options, spec], {}, place);
  return modules;
}

/** The directory of a program `node` of this major version. */
export async function nodeDirectory(major: number): Promise<string> {
  const name = `node-${platform()}-${arch()}`;
  return join(await tool(`${name}@${major}`), name, 'bin');
}
