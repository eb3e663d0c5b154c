// @ts-check
/**
 * Builds what users run: in dist/ the library as modules and both programs as bundles; at
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
// Made beside the old one and then put in its place: a deleted source file must not live on in
// the package, and whoever runs the program meanwhile finds one that is whole.
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
  ...(await bundle('askpass', 'src/ssh/openssh/askpass-program.ts')),
]);
// This one is run by ssh, as it is.
chmodSync(join(made, 'askpass', 'main.cjs'), 0o755);
writeFileSync(join(made, 'LICENSES.txt'), [...bundled].toSorted().map(licenseOf).join('\n'));
rmSync(path('dist'), { recursive: true, force: true });
renameSync(made, path('dist'));
// The stamp that setup.js compares: a source saved while tsc ran is newer than this build.
utimesSync(path('dist'), started, started);

const program = path('bin', 'sshpool');
const built = process.argv.includes('--portable') ? undefined : buildLauncher(program);
if (!built?.ok) {
  // The package is for any machine; the install script puts the launcher there.
  if (built) process.stdout.write(`build: without the native launcher: ${built.reason}\n`);
  copyFileSync(path('bin', 'sshpool.js'), `${program}.new`);
  chmodSync(`${program}.new`, 0o755);
  // Not written over in place: a shell may be running the old one.
  renameSync(`${program}.new`, program);
}

/**
 * Makes the entry of a program one file, and each module that it imports while it runs another one
 * beside it. Node takes ten times as long to find and link a hundred small modules as it takes to
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
    // It has optional native parts, and src/ssh/ssh2/internals.ts reaches into the installed one.
    external: /^ssh2(\/|$)/,
    // Lets what others import from it be part of main, too.
    preserveEntrySignatures: false,
  });
  const { output } = await bundler.write({
    dir: join(made, name),
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name].cjs',
    sourcemap: true,
    // Left to itself the bundler may put into files of their own what others import, too.
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
 * The module and all that is loaded with it; what it imports while it runs is not.
 * @param {string} entry
 * @param {(id: string) => readonly string[]} importsOf
 */
function importedFrom(entry, importsOf) {
  const found = new Set([entry]);
  // A set also gives what is added while it is gone through.
  for (const id of found) for (const imported of importsOf(id)) found.add(imported);
  return found;
}

/** A bundled package's license, which goes where its code goes. @param {string} directory */
function licenseOf(directory) {
  const file = readdirSync(directory).find((name) => /^licen[cs]e/i.test(name));
  if (file === undefined) throw new Error(`${directory} has no license file`);
  return `${directory.split('/node_modules/').at(-1)}\n\n${readFileSync(join(directory, file), 'utf8')}`;
}
