// @ts-check
/**
 * Builds what users run: dist/ from src/, and bin/sshpool beside bin/sshpool.js. It has the
 * installed TypeScript and nothing else, so that it also runs for `npm pack`.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, renameSync, rmSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

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
rmSync(path('dist'), { recursive: true, force: true });
renameSync(made, path('dist'));

const program = path('bin', 'sshpool');
// Not written over in place: a shell may be running the old one.
rmSync(program, { force: true });
copyFileSync(path('bin', 'sshpool.js'), program);
chmodSync(program, 0o755);
// The stamp that setup.js compares: a source saved while tsc ran is newer than this build.
utimesSync(program, started, started);
