/** The package as a package manager installs it, made from the build: bin/sshpool is the script. */
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { machine } from 'node:os';
import { dirname, join } from 'node:path';
import { sourceHash } from '../../scripts/launcher.js';
import { ROOT } from './package.ts';
import type { Sandbox } from './sandbox.ts';

/** The name of this machine's launcher; undefined where it is not built (scripts/launchers.js). */
export function prebuilt(): string | undefined {
  const name = `bin/launchers/sshpool-${machine()}`;
  return existsSync(join(ROOT, name)) ? name : undefined;
}

export interface Installed {
  /** The directory of the package. */
  readonly place: string;
  /** The link in PREFIX/bin, as npm makes it. */
  readonly program: string;
}

/**
 * `launchers`: those of the package, or none, as on a machine for which it has none; `source`: with what the
 * agent needs to compile one.
 */
export function installed(
  sandbox: Sandbox,
  { prefix = 'prefix', launchers = true, source = false } = {},
): Installed {
  const place = sandbox.path(`${prefix}/lib/node_modules/sshpool`);
  mkdirSync(place, { recursive: true });
  const parts = ['dist', 'man', 'package.json', 'bin/package.json', 'bin/sshpool.js'];
  if (launchers) parts.push('bin/launchers');
  if (source) parts.push('scripts/launcher.js', 'src/launcher');
  for (const part of parts) {
    cpSync(join(ROOT, part), join(place, part), {
      recursive: true,
      filter: (name) => !name.endsWith('.map'),
    });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(place, 'node_modules'));
  const script = readFileSync(join(ROOT, 'bin/sshpool.sh'), 'utf8');
  const text = source ? script.replaceAll('@SOURCE@', sourceHash()) : script;
  chmodSync(sandbox.write(`${prefix}/lib/node_modules/sshpool/bin/sshpool`, text), 0o755);
  const program = sandbox.path(`${prefix}/bin/sshpool`);
  mkdirSync(dirname(program), { recursive: true });
  symlinkSync('../lib/node_modules/sshpool/bin/sshpool', program);
  return { place, program };
}
