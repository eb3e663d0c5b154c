/** Installs the npm package into an empty directory. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Sandbox } from './sandbox.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Returns that directory. Runs npm with the user's own settings, which name its registry and its cache. */
export function install(sandbox: Sandbox, packed: string, ...options: string[]): string {
  const place = sandbox.path('place');
  mkdirSync(place);
  sandbox.write('place/package.json', '{}');
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline'];
  execFileSync('npm', ['install', ...options, packed, ...quiet], { cwd: place, stdio: 'pipe' });
  return place;
}
