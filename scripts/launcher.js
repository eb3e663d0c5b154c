// @ts-check
/**
 * Builds the native launcher: the build puts it at bin/sshpool, tests build it with sanitizers in other
 * places. As a program (`node scripts/launcher.js FILE`) it builds the launcher of one user where the
 * package has none for the machine; it uses Node's built-ins only, because the agent runs it where only
 * the package is installed. scripts/launchers.js builds those of the package.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = join(dirname(dirname(fileURLToPath(import.meta.url))), 'src', 'launcher');

export const WARNINGS = ['-std=c11', '-Wall', '-Wextra', '-Wshadow', '-Wformat=2', '-Wvla'];
const HARDENING = [
  '-O2',
  '-U_FORTIFY_SOURCE',
  '-D_FORTIFY_SOURCE=2',
  '-fstack-protector-strong',
  '-fPIE',
];
/** Linked statically if possible: it starts 0.15 ms sooner. */
const LINKING =
  process.platform === 'linux'
    ? [
        ['-static-pie', '-Wl,-z,relro,-z,now'],
        ['-pie', '-Wl,-z,relro,-z,now'],
      ]
    : [[]];
/** For the launcher of the tests. */
const SANITIZERS = ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover'];

export const INCLUDE = `-I${SOURCE}`;

/** Sorted, so that each build gives the linker the same order. */
export const sourceFiles = () =>
  readdirSync(SOURCE)
    .filter((name) => name.endsWith('.c'))
    .toSorted()
    .map((name) => join(SOURCE, name));

/** Names the source: that of another version differs. */
export function sourceHash() {
  const hash = createHash('sha256');
  for (const name of readdirSync(SOURCE).toSorted()) {
    hash
      .update(`${name}\0`)
      .update(readFileSync(join(SOURCE, name)))
      .update('\0');
  }
  return hash.digest('hex').slice(0, 16);
}

/** @typedef {{ ok: true } | { ok: false, reason: string }} Built */

/**
 * Compiles the launcher to `file`, which is replaced atomically: it may be running.
 * @param {string} file
 * @param {{ sanitize?: boolean, strict?: boolean }} [options] `strict`: a warning is an error
 * @returns {Built}
 */
export function buildLauncher(file, { sanitize = false, strict = true } = {}) {
  return compile(file, sourceFiles(), { sanitize, strict });
}

/**
 * Compiles C files of sshpool; `file` is replaced atomically.
 * @param {string} file
 * @param {readonly string[]} sources
 * @param {{ sanitize?: boolean, strict?: boolean }} [options]
 * @returns {Built}
 */
export function compile(file, sources, { sanitize = false, strict = true } = {}) {
  const compiler = process.env['CC'] ?? 'cc';
  const made = `${file}.${process.pid}.new`;
  let reason = '';
  for (const flags of sanitize ? [SANITIZERS] : LINKING.map((link) => [...HARDENING, ...link])) {
    const all = [...WARNINGS, ...(strict ? ['-Werror'] : []), ...flags];
    const node = `-DNODE_AT_BUILD="${process.execPath}"`;
    const words = [...all, node, INCLUDE, ...sources, '-o', made];
    const done = spawnSync(compiler, words, { encoding: 'utf8' });
    if (done.status === 0) {
      renameSync(made, file);
      return { ok: true };
    }
    rmSync(made, { force: true });
    reason = done.error ? done.error.message : `it failed:\n${done.stderr}`;
  }
  return { ok: false, reason: `${compiler}: ${reason}` };
}

/** The launcher of one user; it appears only if it runs here. @param {string} file @returns {Built} */
function buildForUser(file) {
  const made = `${file}.${process.pid}`;
  // A new warning of a newer compiler must not prevent the launcher.
  const built = buildLauncher(made, { strict: false });
  if (!built.ok) return built;
  const bin = join(dirname(dirname(SOURCE)), 'bin');
  const env = { ...process.env, SSHPOOL_PACKAGE_BIN: bin };
  const tried = spawnSync(made, ['--version'], { env, encoding: 'utf8' });
  if (tried.status === 0) renameSync(made, file);
  else rmSync(made, { force: true });
  if (tried.status === 0) return { ok: true };
  return { ok: false, reason: `it does not run: ${tried.error?.message ?? tried.stderr}` };
}

const [, program = '', ...files] = process.argv;
if (program === fileURLToPath(import.meta.url)) {
  const [file] = files;
  if (file === undefined) throw new Error('usage: node scripts/launcher.js FILE');
  const built = buildForUser(file);
  if (!built.ok) process.stderr.write(`${built.reason}\n`);
  process.exitCode = built.ok ? 0 : 1;
}
