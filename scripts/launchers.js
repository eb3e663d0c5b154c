// @ts-check
/**
 * `npm run launchers`: builds the launchers of the package, bin/launchers/sshpool-MACHINE, one for each kind of
 * Linux machine. They are static, against musl, so that one file runs on every distribution. The compilers
 * are Debian's (gcc-*-linux-gnu); musl is built from Debian's source package, in .cache, once. The same
 * source, compiler and musl give the same bytes: bin/launchers/SHA256SUMS has them, and what made them.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { INCLUDE, sourceFiles, WARNINGS } from './launcher.js';
import { MACHINES } from './machines.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const CACHE = join(root, '.cache');
const LAUNCHERS = join(root, 'bin', 'launchers');
const LIST = join(LAUNCHERS, 'SHA256SUMS');

/** @typedef {import('./machines.js').Machine} Machine */

const COMPILING = [
  '-O2',
  '-fPIE',
  '-fstack-protector-strong',
  '-ffunction-sections',
  '-fdata-sections',
];
/** Static and at an address of its own each time; without the name of a dynamic linker, symbols and a build id. */
const LINKING = '-Wl,-z,relro,-z,now,--gc-sections,--build-id=none,--no-dynamic-linker,--strip-all';

const USAGE = `usage: npm run launchers -- [options] [MACHINE...]
  --into DIR  build there, not in bin/launchers
  --all       fail if a launcher cannot be built, instead of leaving it out
  --check     fail if a launcher differs from bin/launchers/SHA256SUMS
  --write     write bin/launchers/SHA256SUMS
  machines: ${MACHINES.map(({ name }) => name).join(', ')}
`;

/** A launcher cannot be built here, because a program or a source is missing. */
class Missing extends Error {}

/** @param {string} program @param {readonly string[]} words @param {import('node:child_process').SpawnSyncOptions} [options] */
function run(program, words, options = {}) {
  const done = spawnSync(program, words, { maxBuffer: 64 * 1024 * 1024, ...options });
  if (done.error) throw new Missing(`${program}: ${done.error.message}`);
  if (done.status !== 0) {
    throw new Error(`${program} failed:\n${String(done.stderr).slice(-2000)}`);
  }
  return String(done.stdout);
}

/** Debian's source of musl, kept in the cache. */
function muslSource() {
  const find = () =>
    readdirSync(CACHE).find((name) => name.startsWith('musl_') && name.endsWith('.orig.tar.gz'));
  mkdirSync(CACHE, { recursive: true });
  if (find() === undefined) download('musl');
  const file = find();
  if (file === undefined) throw new Missing('apt-get found no source of musl');
  return { file: join(CACHE, file), version: basename(file, '.orig.tar.gz').replace('_', ' ') };
}

/** With lists of its own: those of the system often have no sources, and are root's. apt-get checks the signatures. */
function download(/** @type {string} */ source) {
  const own = join(CACHE, 'apt');
  rmSync(own, { recursive: true, force: true });
  for (const name of ['parts', 'lists/partial', 'archives/partial']) {
    mkdirSync(join(own, name), { recursive: true });
  }
  for (const [name, text] of systemSources()) {
    const sources = text
      .replaceAll(/^Types:.*/gm, 'Types: deb-src')
      .replaceAll(/^deb /gm, 'deb-src ');
    writeFileSync(join(own, 'parts', name), sources);
  }
  const options = [
    'Dir::Etc::SourceList=/dev/null',
    `Dir::Etc::SourceParts=${join(own, 'parts')}`,
    `Dir::State::Lists=${join(own, 'lists')}`,
    `Dir::Cache=${own}`,
    'APT::Sandbox::User=',
    'Acquire::Retries=1',
    'Acquire::http::Timeout=30',
  ].flatMap((option) => ['-o', option]);
  // Its status is not that of the source wanted: another list of the system may be out of reach.
  spawnSync('apt-get', [...options, 'update'], { stdio: 'ignore' });
  const words = [...options, 'source', '--download-only', source];
  const done = spawnSync('apt-get', words, { cwd: CACHE, encoding: 'utf8' });
  if (done.status !== 0) {
    throw new Missing(`apt-get source ${source}: ${done.error?.message ?? done.stderr}`);
  }
  rmSync(own, { recursive: true, force: true });
}

/** @returns {[string, string][]} */
function systemSources() {
  const parts = '/etc/apt/sources.list.d';
  const files = ['/etc/apt/sources.list', ...list(parts).map((name) => join(parts, name))];
  return files.flatMap((file) => {
    const text = read(file);
    return text === undefined ? [] : [[basename(file), text]];
  });
}

/** @returns {string[]} */
function list(/** @type {string} */ directory) {
  try {
    return readdirSync(directory);
  } catch {
    return []; // another system than Debian
  }
}

function read(/** @type {string} */ file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined; // absent
  }
}

/**
 * musl's headers and archive for one machine, built once.
 *
 * @param {Machine} machine
 * @param {string} compilerVersion
 */
function muslFor({ name, target, flags }, compilerVersion) {
  const { file, version } = muslSource();
  const place = join(CACHE, version.replace(' ', '-'), `${name}-${compilerVersion}`);
  if (read(join(place, 'lib', 'libc.a')) !== undefined) return { place, version };
  process.stdout.write(`launchers: building ${version} for ${name}\n`);
  const work = `${place}.${process.pid}`;
  mkdirSync(work, { recursive: true });
  try {
    run('tar', ['xzf', file, '-C', work, '--strip-components=1']);
    const words = [`--target=${target}`, '--disable-shared', `--prefix=${work}/made`];
    const CC = [`${target}-gcc`, ...flags].join(' ');
    const env = { ...process.env, CC, CROSS_COMPILE: `${target}-` };
    run('./configure', words, { cwd: work, env });
    run('make', [`-j${availableParallelism()}`, 'install-libs', 'install-headers'], { cwd: work });
    renameSync(join(work, 'made'), place);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return { place, version };
}

const firstLine = (/** @type {string} */ program, /** @type {string} */ option) =>
  run(program, [option]).trim().split('\n')[0] ?? '';

/** The compiler's version, and the first lines of what compiler and linker say of theirs. @param {string} compiler */
function versionsOf(compiler) {
  const linker = firstLine(compiler, '-print-prog-name=ld');
  const all = `${firstLine(compiler, '--version')}, ${firstLine(linker, '--version')}`;
  return { compiler: firstLine(compiler, '-dumpfullversion'), all };
}

/**
 * @param {Machine} machine
 * @param {string} directory
 * @returns {{ name: string, made: string, sum: string }} `made`: what made it, to compare
 */
function build(machine, directory) {
  const { name, target, flags } = machine;
  const compiler = `${target}-gcc`;
  const versions = versionsOf(compiler);
  const { place, version } = muslFor(machine, versions.compiler);
  const lib = (/** @type {string} */ file) => join(place, 'lib', file);
  const own = run(compiler, ['-print-file-name=include']).trim();
  const file = join(directory, `sshpool-${name}`);
  mkdirSync(directory, { recursive: true });
  const made = `${file}.${process.pid}.new`;
  run(compiler, [
    ...[...WARNINGS, '-Werror', ...COMPILING, ...flags],
    // No path of this machine in the file.
    `-ffile-prefix-map=${root}=.`,
    ...['-nostdinc', '-isystem', join(place, 'include'), '-isystem', own, INCLUDE],
    ...['-static-pie', '-nostdlib', '-nostartfiles', LINKING, '-o', made],
    ...[lib('rcrt1.o'), lib('crti.o'), ...sourceFiles(), `-L${join(place, 'lib')}`],
    ...['-Wl,--start-group', '-lc', '-lgcc', '-Wl,--end-group', lib('crtn.o')],
  ]);
  // It may be running.
  renameSync(made, file);
  const sum = createHash('sha256').update(readFileSync(file)).digest('hex');
  return { name, made: `${version}, ${versions.all}`, sum };
}

/** @typedef {ReturnType<typeof build>} Built */

/** Lines for sha256sum -c, after a comment for each that says what made it. @param {readonly Built[]} built */
const listOf = (built) =>
  built
    .map(({ name, made, sum }) => `# sshpool-${name}: ${made}\n${sum}  sshpool-${name}\n`)
    .join('');

/** A verdict on what SHA256SUMS says against it; undefined for nothing. @param {Built} built */
function verdictOn({ name, made, sum }) {
  const wanted = read(LIST) ?? '';
  if (!wanted.includes(`# sshpool-${name}: ${made}\n`)) {
    return 'is not compared with SHA256SUMS, which other compilers made';
  }
  if (wanted.includes(`${sum}  sshpool-${name}\n`)) return undefined;
  return 'DIFFERS from SHA256SUMS: npm run launchers -- --write';
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    into: { type: 'string', default: LAUNCHERS },
    all: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const unknown = positionals.find((word) => !MACHINES.some(({ name }) => name === word));
if (values.help || unknown !== undefined) {
  process.stdout.write(unknown === undefined ? USAGE : `no machine ${unknown}\n${USAGE}`);
  process.exit(unknown === undefined ? 0 : 2);
}

/** @type {Built[]} */
const built = [];
for (const machine of MACHINES) {
  const { name } = machine;
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  try {
    built.push(build(machine, values.into));
  } catch (thrown) {
    if (!(thrown instanceof Missing)) throw thrown;
    // One of an older source would be packed.
    rmSync(join(values.into, `sshpool-${name}`), { force: true });
    process.stdout.write(`launchers: not built for ${name}: ${thrown.message}\n`);
    if (values.all) process.exitCode = 1;
  }
}
if (values.write) {
  if (built.length < MACHINES.length) throw new Error('not all launchers are built');
  writeFileSync(LIST, listOf(built));
}
for (const one of built) {
  const verdict = verdictOn(one);
  if (verdict === undefined) continue;
  process.stdout.write(`launchers: ${one.name} ${verdict}\n`);
  if (values.check && verdict.startsWith('DIFFERS')) process.exitCode = 1;
}
