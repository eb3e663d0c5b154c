/** Makes the npm package, and installs it into an empty directory. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Sandbox } from './sandbox.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Not copied: no sources of the package, and not needed to build it. */
const LEFT_OUT = new Set(['.git', 'node_modules', 'coverage', 'test']);

/** Runs npm with the user's own settings, which name its registry and its cache. */
function npm(cwd: string, ...args: string[]): string {
  return execFileSync('npm', [...args, '--no-audit', '--no-fund', '--prefer-offline'], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Packs a copy of the repository, because packing changes bin/sshpool; returns the package. */
export function pack(sandbox: Sandbox): string {
  const source = sandbox.path('source');
  for (const name of readdirSync(ROOT).filter((entry) => !LEFT_OUT.has(entry))) {
    cpSync(join(ROOT, name), join(source, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(source, 'node_modules'));
  npm(source, 'pack', '--silent', '--pack-destination', sandbox.root);
  const packed = readdirSync(sandbox.root).find((name) => name.endsWith('.tgz'));
  if (packed === undefined) throw new Error('npm pack made nothing');
  return sandbox.path(packed);
}

/** Installs the package into an empty directory; returns that directory. */
export function install(sandbox: Sandbox, packed: string, ...options: string[]): string {
  const place = sandbox.path('place');
  mkdirSync(place);
  sandbox.write('place/package.json', '{}');
  npm(place, 'install', ...options, packed);
  return place;
}
