// @ts-check
/** The pool in a program: commands one after the other in one process, over one ssh for each. */
import { fileURLToPath } from 'node:url';
import { WORDS } from '../contenders.js';
import { checkSucceeded, figures, time } from '../measure.js';
import { median, p99 } from '../statistics.js';

const PROGRAM = fileURLToPath(new URL('../library-program.js', import.meta.url));
const MOST_MS = 5;

/** @type {import('../rows.js').Row['run']} */
export async function tenInOneProgram({ stage, size }) {
  const path = 'loopback';
  const rounds = size({ full: 15, quick: 3 });
  /** @type {number[]} */
  const calls = [];
  /** @type {number[]} */
  const ratios = [];
  /** @type {string[]} */
  const problems = [];
  /** @type {import('../spawn.js').Run[]} */
  const colds = [];
  for (let round = 0; round < rounds; round += 1) {
    const out = await stage.call([process.execPath, PROGRAM, stage.config, path]);
    const { times, poolHits, poolMisses } =
      /** @type {{ times: number[], poolHits: number, poolMisses: number }} */ (JSON.parse(out));
    if (poolMisses !== 1 || poolHits !== 9) {
      problems.push(`${poolMisses} misses and ${poolHits} hits in place of 1 and 9`);
    }
    const entrants = { cold: { argv: WORDS.cold(stage.config, path, ['true']) } };
    const measured = await time(stage, entrants, { rounds: 2 });
    checkSucceeded(measured);
    colds.push(...measured.cold.runs);
    calls.push(...times);
    ratios.push(median(times) / figures(measured.cold).median);
  }
  const pool = { median: median(calls), p99: p99(calls), count: calls.length };
  if (!(pool.median < MOST_MS)) {
    problems.push(`the median is ${pool.median.toFixed(1)} ms, not below ${MOST_MS} ms`);
  }
  const cold = figures({ runs: colds, failed: 0, stderr: '' });
  const remark = 'ten commands in one process, the first of which connects: 1 miss, 9 hits';
  return { value: median(ratios), pool, cold, problems, remark };
}
