// @ts-check
/**
 * Prepares a fresh clone for tests, demo and checks: dependencies, the build and, with `--sshd`, the
 * system programs that tests compare with; with `--machines` also the launchers of other machines, which
 * takes minutes. It uses Node's built-ins only, because nothing is installed
 * yet; if everything is there, it ends at once.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { machine } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildLauncher } from './launcher.js';
import { MACHINES } from './machines.js';
import { installSystemPrograms } from './system-programs.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const path = (/** @type {string[]} */ ...parts) => join(root, ...parts);

const BUILD_INPUTS = [
  'src',
  'bin/sshpool.js',
  'bin/sshpool.sh',
  'scripts/build.js',
  'scripts/launcher.js',
  'scripts/programs.js',
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
 * Compares the lock file with npm's copy of the installed one. Times would not work: a checkout gives
 * every file a new one.
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

/** The newest change below `entry`; the time of a directory counts, too, because of deleted files. */
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

/** Runs npm silently; prints its output only if it fails. */
function npm(/** @type {string[]} */ ...args) {
  const done = spawnSync('npm', args, { cwd: root, encoding: 'utf8' });
  if (done.error) throw done.error;
  if (done.status === 0) return;
  process.stderr.write(`${done.stdout}${done.stderr}setup: npm ${args.join(' ')} failed\n`);
  process.exit(done.status ?? 1);
}

/** The launcher with which vitest.config.ts runs some of the tests again. */
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

function launcherIsCurrent(/** @type {string} */ file) {
  const builders = ['launcher.js', 'launchers.js', 'machines.js'];
  const inputs = [path('src', 'launcher'), ...builders.map((name) => path('scripts', name))];
  return existsSync(file) && inputs.every((input) => newestChange(input) <= statSync(file).mtimeMs);
}

const launcherFile = (/** @type {string} */ name) => path('bin', 'launchers', `sshpool-${name}`);

/** Those of the package: that of this machine, and those of others if they are wanted or were built before. */
function buildLaunchers(/** @type {boolean} */ ofAllMachines) {
  const names = MACHINES.map(({ name }) => name);
  const stale = names
    .filter((name) => ofAllMachines || name === machine() || existsSync(launcherFile(name)))
    .filter((name) => !launcherIsCurrent(launcherFile(name)));
  if (stale.length > 0) {
    process.stdout.write(`setup: building the launchers for ${stale.join(', ')}\n`);
    const words = [path('scripts', 'launchers.js'), ...stale];
    const done = spawnSync(process.execPath, words, { encoding: 'utf8' });
    const reasons = done.stdout.match(/^launchers: not built for .*$/gm) ?? [];
    for (const reason of reasons) process.stdout.write(`setup: ${reason}\n`);
    if (done.status !== 0) process.stdout.write(`${done.stdout}${done.stderr}`);
  }
  const absent = names.filter((name) => !existsSync(launcherFile(name)));
  if (absent.length === 0) return;
  const how = ofAllMachines ? '' : ' (npm run platforms builds them)';
  process.stdout.write(
    `setup: the tests of the launchers for ${absent.join(', ')} are SKIPPED${how}\n`,
  );
}

if (!dependenciesInstalled()) {
  process.stdout.write('setup: installing the dependencies\n');
  // Of the dependencies' scripts only that of ssh2 is needed, and may fail.
  npm('ci', '--ignore-scripts', '--no-audit', '--no-fund');
  // ssh2's native addon halves the time of encryption. It is optional: ssh2 itself reports if it cannot
  // be built, and if npm cannot run at all, setup goes on without it.
  spawnSync('npm', ['rebuild', 'ssh2'], { cwd: root, timeout: ADDON_MS });
}
if (!buildIsCurrent()) {
  process.stdout.write('setup: building\n');
  npm('run', '--silent', 'build');
}
const forTests = process.argv.includes('--sshd');
const forPlatforms = process.argv.includes('--machines');
installSystemPrograms({ forTests, forPlatforms });
if (forTests) {
  buildSanitized();
  buildLaunchers(forPlatforms);
}
