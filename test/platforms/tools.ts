import { join } from 'node:path';
import { install } from '../../scripts/package-tools.js';

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
