/** The package as a package manager installs it, made from the build: bin/sshpool is the script. */
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { machine } from 'node:os';
import { join } from 'node:path';
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
  const bin = sandbox.path(`${prefix}/bin`);
  mkdirSync(bin, { recursive: true });
  for (const name of ['sshpool', 'sshpool-ssh']) {
    const file = sandbox.write(`${prefix}/lib/node_modules/sshpool/bin/${name}`, text);
    chmodSync(file, 0o755);
    symlinkSync(`../lib/node_modules/sshpool/bin/${name}`, join(bin, name));
  }
  return { place, program: join(bin, 'sshpool') };
}
