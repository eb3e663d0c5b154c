// @ts-check
/**
 * Builds the package: in dist/ the library as modules and both programs as bundles; at
 * bin/sshpool the native launcher, or, where there is no C compiler and with --portable, a copy of
 * the Node client bin/sshpool.js.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { buildLauncher } from './launcher.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const path = (/** @type {string[]} */ ...parts) => join(root, ...parts);

const started = new Date();
// Built beside the old directory, which it then replaces: the package must not keep the output of a
// deleted source file, and a program that starts meanwhile must find a complete build.
const made = path('dist.new');
rmSync(made, { recursive: true, force: true });

const tsc = spawnSync(
  path('node_modules', '.bin', 'tsc'),
  ['-p', path('tsconfig.build.json'), '--outDir', made],
  { stdio: 'inherit' },
);
if (tsc.error) throw tsc.error;
if (tsc.status !== 0) process.exit(tsc.status ?? 1);
const bundled = new Set([
  ...(await bundle('cli', 'src/cli/main.ts')),
  ...(await bundle('agent', 'src/agent/main.ts')),
  ...(await bundle('prompt', 'src/client/terminal/prompt-program.ts')),
  ...(await bundle('askpass', 'src/ssh/openssh/askpass-program.ts')),
]);
// ssh runs this file directly.
chmodSync(join(made, 'askpass', 'main.cjs'), 0o755);
writeFileSync(join(made, 'LICENSES.txt'), [...bundled].toSorted().map(licenseOf).join('\n'));
rmSync(path('dist'), { recursive: true, force: true });
renameSync(made, path('dist'));
// setup.js compares this time: a source saved while tsc ran is newer than the build.
utimesSync(path('dist'), started, started);

const program = path('bin', 'sshpool');
const built = process.argv.includes('--portable') ? undefined : buildLauncher(program);
if (!built?.ok) {
  // The package is for any machine; the install script puts the launcher there.
  if (built) process.stdout.write(`build: without the native launcher: ${built.reason}\n`);
  copyFileSync(path('bin', 'sshpool.js'), `${program}.new`);
  chmodSync(`${program}.new`, 0o755);
  // Not overwritten in place: a shell may be running the old file.
  renameSync(`${program}.new`, program);
}

/**
 * Bundles the entry of a program into one file, and each module that it imports dynamically into
 * another one beside it. Node takes ten times as long to find and link a hundred small modules as it takes to
 * read one file, and it starts CommonJS sooner than modules (docs/benchmarks.md).
 * Resolves to the directories of the packages that became part of it.
 * @param {string} name
 * @param {string} entry
 */
async function bundle(name, entry) {
  const main = path(entry);
  /** @type {ReadonlySet<string> | undefined} */
  let atStart;
  const bundler = await rolldown({
    input: { main },
    platform: 'node',
    // It has optional native parts, and src/ssh/ssh2/protocol.ts reaches into the installed one.
    external: /^ssh2(\/|$)/,
    // Modules that dynamic imports share with the entry may be part of main, too.
    preserveEntrySignatures: false,
  });
  const { output } = await bundler.write({
    dir: join(made, name),
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name].cjs',
    sourcemap: true,
    // By default the bundler may put shared modules into files of their own.
    codeSplitting: {
      groups: [
        {
          debugName: 'start',
          name: (id, modules) => {
            atStart ??= importedFrom(main, (of) => modules.getModuleInfo(of)?.importedIds ?? []);
            return atStart.has(id) ? 'main' : null;
          },
        },
      ],
    },
  });
  await bundler.close();
  const modules = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
  return modules.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? []);
}

/**
 * The module and its static imports, without its dynamic ones.
 * @param {string} entry
 * @param {(id: string) => readonly string[]} importsOf
 */
function importedFrom(entry, importsOf) {
  const found = new Set([entry]);
  // The loop over a set also visits items that are added meanwhile.
  for (const id of found) for (const imported of importsOf(id)) found.add(imported);
  return found;
}

/** A bundled package's license, which goes where its code goes. @param {string} directory */
function licenseOf(directory) {
  const file = readdirSync(directory).find((name) => /^licen[cs]e/i.test(name));
  if (file === undefined) throw new Error(`${directory} has no license file`);
  return `${directory.split('/node_modules/').at(-1)}\n\n${readFileSync(join(directory, file), 'utf8')}`;
}
