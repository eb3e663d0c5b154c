// @ts-check
/**
 * Builds the package: in dist/ the library as modules and the programs as bundles, and in bin/ what starts
 * them.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
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
import { placePrograms } from './programs.js';

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
const bundled = await bundle({
  cli: 'src/cli/main.ts',
  agent: 'src/agent/main.ts',
  prompt: 'src/client/terminal/prompt-program.ts',
  askpass: 'src/ssh/openssh/askpass-program.ts',
});
// ssh runs this file directly.
chmodSync(join(made, 'program', 'askpass.cjs'), 0o755);
writeFileSync(join(made, 'LICENSES.txt'), bundled.map(licenseOf).join('\n'));
rmSync(path('dist'), { recursive: true, force: true });
renameSync(made, path('dist'));
// setup.js compares this time: a source saved while tsc ran is newer than the build.
utimesSync(path('dist'), started, started);

placePrograms();

/**
 * Bundles the programs into dist/program/NAME.cjs. What a program imports at its start is in NAME-start.cjs,
 * or in start.cjs if another one does so, too; each module that is imported dynamically is in a file of its
 * own. Node takes ten times as long to find and link a hundred small modules as it takes to read one file, and it starts CommonJS sooner than modules (docs/benchmarks.md).
 * Resolves to the directories of the packages that became part of them.
 * @param {Readonly<Record<string, string>>} programs the entry of each
 */
async function bundle(programs) {
  const input = Object.fromEntries(
    Object.entries(programs).map(([name, entry]) => [name, path(entry)]),
  );
  const entries = new Set(Object.values(input));
  /** @type {Map<string, ReadonlySet<string>>} */
  const atStart = new Map();
  const bundler = await rolldown({
    input,
    platform: 'node',
    // It has optional native parts, and src/ssh/ssh2/protocol.ts reaches into the installed one.
    external: /^ssh2(\/|$)/,
    // Modules that dynamic imports share with an entry may be part of its file, too.
    preserveEntrySignatures: false,
  });
  const { output } = await bundler.write({
    dir: join(made, 'program'),
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name].cjs',
    sourcemap: true,
    // By default the bundler may put shared modules into files of their own.
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [
        {
          debugName: 'start',
          name: (id, modules) => {
            // Another program that loads the file must not start this one.
            if (entries.has(id)) return null;
            const importers = Object.entries(input).filter(([name, entry]) => {
              const found =
                atStart.get(name) ??
                importedFrom(entry, (of) => modules.getModuleInfo(of)?.importedIds ?? []);
              atStart.set(name, found);
              return found.has(id);
            });
            const [[name] = []] = importers;
            if (name === undefined) return null;
            return importers.length === 1 ? `${name}-start` : 'start';
          },
        },
      ],
    },
  });
  await bundler.close();
  const modules = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
  const packages = modules.flatMap(
    (id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? [],
  );
  return [...new Set(packages)].toSorted();
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
