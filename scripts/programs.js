// @ts-check
/**
 * Puts the programs of the package in their places: bin/sshpool and bin/sshpool-ssh are the native launcher,
 * or, where there is no C compiler and with --portable (for the package), the script bin/sshpool.sh. A
 * package manager may start bin/sshpool-ssh by its path, and not through a link, so it is a file of its own.
 */
import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildLauncher, sourceHash } from './launcher.js';

const bin = join(dirname(dirname(fileURLToPath(import.meta.url))), 'bin');
const program = join(bin, 'sshpool');
const asSsh = join(bin, 'sshpool-ssh');

/** Prints a line where there is no launcher. */
export function placePrograms() {
  const built = buildLauncher(program);
  if (built.ok) {
    // A copy: npm packs no links.
    copyFileSync(program, `${asSsh}.new`);
    renameSync(`${asSsh}.new`, asSsh);
    return;
  }
  process.stdout.write(`build: without the native launcher: ${built.reason}\n`);
  placeScript();
}

function placeScript() {
  const script = readFileSync(join(bin, 'sshpool.sh'), 'utf8');
  for (const file of [program, asSsh]) {
    // Not overwritten in place: a shell may be running the old file.
    writeFileSync(`${file}.new`, script.replaceAll('@SOURCE@', sourceHash()), { mode: 0o755 });
    renameSync(`${file}.new`, file);
  }
}

const [, started = ''] = process.argv;
if (started === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--portable')) placeScript();
  else placePrograms();
}
