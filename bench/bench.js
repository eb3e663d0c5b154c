// @ts-check
/**
 * `npm run bench`: sshpool beside ssh and ssh over ControlMaster, against a server of its own. Prints
 * every row as it is measured, and writes docs/benchmarks.md and its chart. Everything it starts or
 * makes ends with it, also on Ctrl-C.
 */
import { setMaxListeners } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chart } from './chart.js';
import { isNative, measureFloor, readFacts } from './facts.js';
import { ABOVE, document, showLimit, showTime, showValue } from './report.js';
import { ROWS } from './rows.js';
import { buildStage } from './stage.js';

const USAGE = `usage: npm run bench -- [options]
  --quick      fewer samples and smaller transfers, in less than two minutes
  --row NAME   only rows whose name contains NAME; may be repeated; writes no document
  --check      fail where a row misses its target
  --no-write   leave docs/benchmarks.md and docs/benchmarks.svg alone
  --list       print the names of the rows
`;
const DOCUMENT = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url));
const CHART = fileURLToPath(new URL('../docs/benchmarks.svg', import.meta.url));

const print = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);

function readOptions() {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      row: { type: 'string', multiple: true, default: [] },
      check: { type: 'boolean', default: false },
      'no-write': { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { row: names } = values;
  const rows = ROWS.filter(
    ({ name }) => names.length === 0 || names.some((part) => name.includes(part)),
  );
  if (rows.length === 0) throw new Error(`no row is named ${names.join(' or ')}; see --list`);
  return { ...values, rows, write: !values['no-write'] && names.length === 0 };
}

/**
 * @param {import('./rows.js').Row} row
 * @param {import('./rows.js').Bench} given
 * @returns {Promise<import('./report.js').Result>}
 */
async function measureRow(row, given) {
  try {
    const outcome = await row.run(given);
    const problems = [...(outcome.problems ?? [])];
    // Not written as "greater": NaN misses the limit, too.
    if (row.limit !== undefined && !(outcome.value <= row.limit)) problems.unshift(ABOVE);
    return { row, outcome, problems };
  } catch (error) {
    // A failed row must not lose the figures of the others.
    given.stage.signal.throwIfAborted();
    return { row, problems: [error instanceof Error ? error.message : String(error)] };
  } finally {
    await given.stage.rest();
  }
}

/** @param {import('./report.js').Result} result @param {number} ms what it took to measure */
function printResult(result, ms) {
  const { row, outcome, problems } = result;
  const { pool, master, cold } = outcome ?? {};
  const times = Object.entries({ sshpool: pool, ControlMaster: master, ssh: cold }).flatMap(
    ([name, figures]) => (figures ? [`${name} ${showTime(figures)}`] : []),
  );
  const verdict = problems.length === 0 ? 'ok    ' : 'MISSED';
  print(
    `${verdict} ${row.name}: ${showValue(result)}${row.limit === undefined ? '' : `, at most ${showLimit(row)}`}  [${Math.round(ms / 1000)} s]`,
  );
  for (const line of [times.join(', '), outcome?.remark, ...problems]) {
    if (line) print(`       ${line}`);
  }
}

/** @param {ReturnType<typeof readOptions>} options @param {AbortSignal} signal */
async function bench({ rows, quick, check, write }, signal) {
  const stage = await buildStage(signal);
  try {
    const native = isNative();
    const facts = readFacts({ native, compiled: stage.compiled, quick });
    for (const [name, value] of facts) print(`${name.padEnd(12)} ${value}`);
    const floor = await measureFloor(stage, quick ? 50 : 300);
    const trips = Object.entries(floor.roundTrips).map(([name, ms]) => `${name} ${ms.toFixed(2)}`);
    print(`Floor        process ${floor.start.toFixed(2)} ms, shell ${floor.shell.toFixed(2)} ms`);
    print(`Round trips  ${trips.join(', ')} ms`);
    print('Times are medians (99th percentile).\n');

    const results = [];
    const size = (/** @type {{ full: any, quick: any }} */ sizes) =>
      /** @type {unknown} */ (quick ? sizes.quick : sizes.full);
    for (const row of rows) {
      const startedAt = performance.now();
      const result = await measureRow(row, {
        stage,
        native,
        size: /** @type {import('./rows.js').Bench['size']} */ (size),
      });
      printResult(result, performance.now() - startedAt);
      results.push(result);
    }
    if (write) {
      const previous = existsSync(DOCUMENT) ? readFileSync(DOCUMENT, 'utf8') : '';
      writeFileSync(DOCUMENT, document(previous, { results, facts, floor }));
      writeFileSync(CHART, chart(results));
      print('\nwritten: docs/benchmarks.md, docs/benchmarks.svg');
    }
    const missed = results.filter(({ problems }) => problems.length > 0);
    if (missed.length > 0) print(`\nmissed: ${missed.map(({ row }) => row.name).join('; ')}`);
    if (check && missed.length > 0) process.exitCode = 1;
  } finally {
    await stage.remove();
  }
}

const stopping = new AbortController();
// Without a C compiler each of thirty parallel programs adds a listener.
setMaxListeners(0, stopping.signal);
for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(name, () => stopping.abort(new Error(`stopped by ${name}`)));
}
try {
  const options = readOptions();
  if (options.help) process.stdout.write(USAGE);
  else if (options.list) for (const { name } of options.rows) print(name);
  else await bench(options, stopping.signal);
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
