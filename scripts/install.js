// @ts-check
/**
 * The install script of the package: puts the native launcher at bin/sshpool if it can be
 * built. Otherwise the Node client there works too, only slower, so no error here fails the
 * installation.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildLauncher } from './launcher.js';

const program = join(dirname(dirname(fileURLToPath(import.meta.url))), 'bin', 'sshpool');

const { npm_config_user_agent: manager = 'npm/' } = process.env;

/** @returns {import('./launcher.js').Built} */
function install() {
  // pnpm and similar clients have already recorded that Node must run bin/sshpool.
  if (!manager.startsWith('npm/')) return { ok: false, reason: `installed by ${manager}` };
  // A new warning of a newer compiler must not prevent the launcher.
  return buildLauncher(program, { strict: false });
}

const built = install();
if (!built.ok) process.stderr.write(`sshpool: without its native launcher: ${built.reason}\n`);
