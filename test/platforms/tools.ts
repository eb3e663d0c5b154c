/** Programs from npm packages: versions of Node, and package managers. Kept in .cache between runs. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../support/package.ts';

/** Installs a package by the machine's own npm; returns the directory of what it needs. */
export function tool(spec: string): string {
  const place = join(ROOT, '.cache', 'tools', spec.replaceAll('/', '-'));
  const done = join(place, 'node_modules', '.package-lock.json');
  if (existsSync(done)) return join(place, 'node_modules');
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  // Not npm's way for an engine that is not this one: the program will run on another Node.
  const options = ['--no-save', '--no-audit', '--no-fund', '--force'];
  execFileSync('npm', ['install', '--prefix', place, ...options, spec], { stdio: 'pipe' });
  return join(place, 'node_modules');
}

/** The directory of a program `node` of this major version. */
export function nodeDirectory(major: number): string {
  const name = `node-${platform()}-${arch()}`;
  return join(tool(`${name}@${major}`), name, 'bin');
}
