// @ts-check
/**
 * For tests and measurements: the package as `npm pack` makes it, and programs from npm packages, which are
 * versions of Node and package managers. These stay in .cache between runs.
 */
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const TOOLS = join(root, '.cache', 'tools');

/** Not copied: no sources of the package, and not needed to build it. */
const LEFT_OUT = new Set([
  TOOLS,
  ...['.git', 'node_modules', 'coverage', 'test'].map((name) => join(root, name)),
]);

/**
 * Packs a copy of the repository, because packing changes bin/sshpool: with the launchers that are built here,
 * or with `anew` all, as `npm pack` itself makes the package. Runs npm with the user's own settings, which
 * name its registry and its cache.
 *
 * @param {string} directory an empty one
 * @returns the path of the package
 */
export function pack(directory, { anew = false } = {}) {
  const source = join(directory, 'source');
  cpSync(root, source, { recursive: true, filter: (path) => !LEFT_OUT.has(path) });
  symlinkSync(join(root, 'node_modules'), join(source, 'node_modules'));
  const run = (/** @type {string} */ program, /** @type {string[]} */ ...words) =>
    execFileSync(program, words, { cwd: source, stdio: ['ignore', 'ignore', 'pipe'] });
  if (!anew) run(process.execPath, 'scripts/programs.js', '--portable');
  const scripts = anew ? [] : ['--ignore-scripts'];
  run('npm', 'pack', '--silent', '--pack-destination', directory, ...scripts);
  const packed = readdirSync(directory).find((name) => name.endsWith('.tgz'));
  if (packed === undefined) throw new Error('npm pack made nothing');
  return join(directory, packed);
}

/**
 * Runs a program that installs something. The user's settings, which may name a registry, stay.
 *
 * @param {readonly string[]} words
 * @param {Readonly<Record<string, string | undefined>>} env
 * @param {string} cwd
 */
export async function install([program = '', ...args], env, cwd) {
  await promisify(execFile)(program, args, { cwd, env: { ...process.env, ...env } });
}

/** What runs at the same time may need the same. @type {Map<string, Promise<string>>} */
const tools = new Map();

/** The node_modules with a package and what it needs. @param {string} spec */
export function tool(spec) {
  const found = tools.get(spec) ?? getTool(spec);
  tools.set(spec, found);
  return found;
}

async function getTool(/** @type {string} */ spec) {
  const place = join(TOOLS, spec);
  const modules = join(place, 'node_modules');
  // npm writes it last.
  if (existsSync(join(modules, '.package-lock.json'))) return modules;
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  // --force: the program will run on another Node than this one.
  const options = ['--no-save', '--no-audit', '--no-fund', '--force'];
  await install(['npm', 'install', '--prefix', place, ...options, spec], {}, place);
  return modules;
}

/** The directory of a program `node` of this major version. @param {number} major */
export async function nodeDirectory(major) {
  const name = `node-${platform()}-${arch()}`;
  return join(await tool(`${name}@${major}`), name, 'bin');
}

/**
 * Installs the package for all by one version of npm, with its defaults.
 *
 * @param {number} version of npm
 * @param {string} packed
 * @param {string} prefix
 * @param {Readonly<Record<string, string | undefined>>} env with the directory of Node in its PATH
 * @returns the program
 */
export async function installByNpm(version, packed, prefix, env) {
  const cli = join(await tool(`npm@${version}`), 'npm', 'bin', 'npm-cli.js');
  await install(['node', cli, 'install', '--global', '--prefix', prefix, packed], env, '/');
  return join(prefix, 'bin', 'sshpool');
}
