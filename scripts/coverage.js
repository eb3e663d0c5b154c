// @ts-check
/**
 * Line coverage of src/ by all tests: of the code that vitest runs in its own processes, and of the
 * built program and its agent, whose coverage Node writes itself. Prints a table; fails
 * below the floors.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { SourceMap } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const FLOORS = /** @type {const} */ ([
  ['pool and session', /^src\/(pool\/|ssh\/(session|channel|channels)\.ts)/, 90],
  ['src', /^src\//, 80],
]);

/** @typedef {{ path: string, statementMap: Record<string, { start: { line: number } }>, s: Record<string, number> }} FileCoverage */
/** @typedef {{ functions: { ranges: { startOffset: number, endOffset: number, count: number }[] }[], url: string }} Script */

const scratch = mkdtempSync(join(tmpdir(), 'sshpool-coverage-'));
// test/support/sandbox.ts uses this directory. An agent gets no NODE_* variables from the call that
// starts it; a wrapper `node` first in PATH sets this one.
const raw = join(scratch, 'raw');
mkdirSync(join(scratch, 'bin'));
writeFileSync(
  join(scratch, 'bin', 'node'),
  `#!/bin/sh\nNODE_V8_COVERAGE='${raw}' exec '${process.execPath}' "$@"\n`,
  { mode: 0o755 },
);
const args = [
  'vitest',
  'run',
  '--coverage',
  '--coverage.reporter=json',
  '--coverage.reportOnFailure',
  ...process.argv.slice(2),
];
const tests = spawnSync('npx', args, {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, SSHPOOL_COVERAGE: scratch },
});

const lines = linesOfVitest();
for (const [url, covered] of coveredBytes(raw)) addCovered(url, covered);
rmSync(scratch, { recursive: true, force: true });
process.exitCode = report() && tests.status === 0 ? 0 : 1;

/** For each source file: each line of code, and whether it ran. */
function linesOfVitest() {
  /** @type {Map<string, Map<number, boolean>>} */
  const found = new Map();
  const json = readFileSync(join(root, 'coverage', 'coverage-final.json'), 'utf8');
  const files = /** @type {Record<string, FileCoverage>} */ (JSON.parse(json));
  for (const file of Object.values(files)) {
    /** @type {Map<number, boolean>} */
    const ran = new Map();
    for (const [id, { start }] of Object.entries(file.statementMap)) {
      ran.set(start.line, (ran.get(start.line) ?? false) || (file.s[id] ?? 0) > 0);
    }
    found.set(relative(root, file.path), ran);
  }
  return found;
}

/** For each built file: which bytes ran in any process. @param {string} directory */
function coveredBytes(directory) {
  /** @type {Map<string, Uint8Array>} */
  const all = new Map();
  for (const name of readdirSync(directory)) {
    const json = readFileSync(join(directory, name), 'utf8');
    const { result } = /** @type {{ result: Script[] }} */ (JSON.parse(json));
    for (const script of result) {
      if (!script.url.includes('/dist/') || script.url.includes('/node_modules/')) continue;
      const size = readFileSync(fileURLToPath(script.url)).length;
      const here = new Uint8Array(size);
      // Outer ranges come before the inner ones that correct them.
      for (const { ranges } of script.functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          here.fill(count > 0 ? 1 : 0, startOffset, endOffset);
        }
      }
      const known = all.get(script.url);
      if (known) here.forEach((ran, i) => ran && (known[i] = 1));
      else all.set(script.url, here);
    }
  }
  return all;
}

/** A bundle is made of many source files. @param {string} url @param {Uint8Array} covered */
function addCovered(url, covered) {
  const file = fileURLToPath(url);
  if (!existsSync(`${file}.map`)) return;
  const json = readFileSync(`${file}.map`, 'utf8');
  const map = new SourceMap(
    /** @type {import('node:module').SourceMapPayload} */ (JSON.parse(json)),
  );
  const sources = new Map(
    map.payload.sources.map((source) => {
      return [source, lines.get(relative(root, resolve(dirname(file), source)))];
    }),
  );
  let at = 0;
  readFileSync(file, 'utf8')
    .split('\n')
    .forEach((text, row) => {
      for (let column = 0; column < text.length; column++) {
        if (covered[at + column] !== 1 || /\s/.test(text[column] ?? '')) continue;
        const entry = map.findEntry(row, column);
        if (!('originalLine' in entry)) continue;
        const ran = sources.get(entry.originalSource);
        if (ran?.has(entry.originalLine + 1)) ran.set(entry.originalLine + 1, true);
      }
      at += text.length + 1;
    });
}

/** @param {boolean[]} all */
function percent(all) {
  return all.length === 0 ? 100 : (100 * all.filter(Boolean).length) / all.length;
}

function report() {
  console.log('\nLine coverage, in the test process and in the spawned program:');
  for (const [file, ran] of [...lines].toSorted(([a], [b]) => a.localeCompare(b))) {
    const missing = [...ran].filter(([, did]) => !did).map(([line]) => line);
    const shown = missing.length > 12 ? [...missing.slice(0, 12), '...'] : missing;
    const share = percent([...ran.values()])
      .toFixed(1)
      .padStart(5);
    console.log(`  ${share} %  ${file.padEnd(36)} ${shown.join(' ')}`);
  }
  let enough = true;
  for (const [name, pattern, floor] of FLOORS) {
    const chosen = [...lines].filter(([file]) => pattern.test(file));
    const share = percent(chosen.flatMap(([, ran]) => [...ran.values()]));
    console.log(`${name}: ${share.toFixed(1)} % (at least ${floor} %)`);
    enough &&= share >= floor;
  }
  return enough;
}
