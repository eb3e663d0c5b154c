// @ts-check
/**
 * The install script of the package: puts the native launcher at bin/sshpool where it can be
 * built. Where it cannot, the Node client that is there works too, only slower, so nothing here
 * fails the installation.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildLauncher } from './launcher.js';

const program = join(dirname(dirname(fileURLToPath(import.meta.url))), 'bin', 'sshpool');

const { npm_config_user_agent: manager = 'npm/' } = process.env;

/** @returns {import('./launcher.js').Built} */
function install() {
  // pnpm and its like have written down by now that bin/sshpool is a script, to be run by Node.
  if (!manager.startsWith('npm/')) return { ok: false, reason: `installed by ${manager}` };
  // A warning of a compiler newer than ours is no reason to go without.
  return buildLauncher(program, { strict: false });
}

const built = install();
if (!built.ok) process.stderr.write(`sshpool: without its native launcher: ${built.reason}\n`);
