// @ts-check
/**
 * Brings a fresh clone to where tests, demo and checks can run: dependencies, the build and, with
 * `--sshd`, the system programs that tests compare with. Nothing is installed yet when it starts,
 * so it uses Node's built-ins only; when everything is there it is done in an instant.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildLauncher } from './launcher.js';
import { installSystemPrograms } from './system-programs.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const path = (/** @type {string[]} */ ...parts) => join(root, ...parts);

const BUILD_INPUTS = [
  'src',
  'bin/sshpool.js',
  'scripts/build.js',
  'scripts/launcher.js',
  'tsconfig.json',
  'tsconfig.build.json',
  'package-lock.json',
];

/** How long the build of ssh2's addon may take; without a compiler it fails at once. */
const ADDON_MS = 120_000;

/** @typedef {{ version?: string, optional?: boolean, link?: boolean }} LockedPackage */

/** @returns {Record<string, LockedPackage>} */
function lockedPackages(/** @type {string} */ file) {
  const text = readFileSync(file, 'utf8');
  const lock = /** @type {{ packages: Record<string, LockedPackage> }} */ (JSON.parse(text));
  const { '': _root, ...packages } = lock.packages;
  return packages;
}

/**
 * Compares the lock file with the copy npm keeps of what it installed. Times would not do: a
 * checkout gives every file a new one.
 */
function dependenciesInstalled() {
  const record = path('node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const wanted = lockedPackages(path('package-lock.json'));
  const installed = lockedPackages(record);
  const same = Object.entries(wanted).every(([name, { version, optional }]) => {
    // npm leaves out the optional packages that are for other systems.
    if (!(name in installed)) return optional === true;
    return installed[name]?.version === version;
  });
  return same && Object.keys(installed).every((name) => name in wanted);
}

/** The newest change below `entry`; a directory counts too, for its deleted files. */
function newestChange(/** @type {string} */ entry) {
  const stat = statSync(entry);
  let newest = stat.mtimeMs;
  if (stat.isDirectory()) {
    for (const name of readdirSync(entry)) {
      newest = Math.max(newest, newestChange(join(entry, name)));
    }
  }
  return newest;
}

function buildIsCurrent() {
  if (!existsSync(path('bin', 'sshpool')) || !existsSync(path('dist'))) return false;
  const built = statSync(path('dist')).mtimeMs;
  return BUILD_INPUTS.every((input) => newestChange(path(input)) <= built);
}

/** Runs npm out of sight; what it printed is shown where it fails. */
function npm(/** @type {string[]} */ ...args) {
  const done = spawnSync('npm', args, { cwd: root, encoding: 'utf8' });
  if (done.error) throw done.error;
  if (done.status === 0) return;
  process.stderr.write(`${done.stdout}${done.stderr}setup: npm ${args.join(' ')} failed\n`);
  process.exit(done.status ?? 1);
}

/** The launcher that vitest.config.ts runs some of the tests over once more. */
function buildSanitized() {
  const program = path('bin', 'sshpool-sanitized');
  if (existsSync(program) && newestChange(path('src', 'launcher')) <= statSync(program).mtimeMs) {
    return;
  }
  rmSync(program, { force: true });
  const built = buildLauncher(program, { sanitize: true });
  if (built.ok) return;
  process.stdout.write(
    `setup: the tests of the launcher under sanitizers are SKIPPED (${built.reason})\n`,
  );
}

if (!dependenciesInstalled()) {
  process.stdout.write('setup: installing the dependencies\n');
  // One of the scripts is our own, and comes later, with the build.
  npm('ci', '--ignore-scripts', '--no-audit', '--no-fund');
  // Its native addon halves the time that encryption takes. It is optional, and ssh2 says so itself
  // where it cannot be built; where npm cannot even try, that is as good.
  spawnSync('npm', ['rebuild', 'ssh2'], { cwd: root, timeout: ADDON_MS });
}
if (!buildIsCurrent()) {
  process.stdout.write('setup: building\n');
  npm('run', '--silent', 'build');
}
const forTests = process.argv.includes('--sshd');
installSystemPrograms({ forTests });
if (forTests) buildSanitized();
