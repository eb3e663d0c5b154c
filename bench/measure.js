// @ts-check
/**
 * Runs contenders in turn (A B A B) and compares each run of one with the run of the other in the
 * same round, right before or after it, so that other load on the machine affects both.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WORDS } from './contenders.js';
import { median, p99 } from './statistics.js';

/** @typedef {import('./spawn.js').Run} Run */
/** @typedef {import('./stage.js').Stage} Stage */
/** @typedef {import('./contenders.js').ContenderName} ContenderName */
/** @typedef {{ median: number, p99: number, count: number }} Figures milliseconds */
/**
 * @typedef Measured
 * @property {Run[]} runs without those that only warm up
 * @property {number} failed programs with a status other than 0, those that warm up included
 * @property {string} stderr
 */
/**
 * @typedef Plan
 * @property {number} rounds
 * @property {number} [warmUps] rounds before those that count
 * @property {number} [seconds] the longest that one run may take
 * @property {Record<string, string>} [env]
 */
/** @typedef {{ argv: readonly string[] } & Partial<import('./spawn.js').Contender>} Entrant */

/**
 * Measures any programs. Their failures are reported, not thrown.
 *
 * @template {string} Name
 * @param {Stage} stage
 * @param {Record<Name, Entrant>} entrants
 * @param {Plan} plan
 * @returns {Promise<Record<Name, Measured>>}
 */
export async function time(stage, entrants, { rounds, warmUps = 0, seconds = 30, env }) {
  const names = /** @type {Name[]} */ (Object.keys(entrants));
  const stderrOf = (/** @type {Name} */ name) => join(stage.dir, `stderr-${name}`);
  const contenders = names.map((name) => {
    writeFileSync(stderrOf(name), '');
    const nothing = '/dev/null';
    const files = { stdin: nothing, stdout: nothing, stderr: stderrOf(name) };
    return { ...files, every: 1, times: 1, parallel: 1, ...entrants[name] };
  });
  const settings = { env: { ...stage.env, ...env }, seconds, signal: stage.signal };
  const all = await stage.timer(contenders, warmUps + rounds, settings);
  const measured = names.map((name, index) => {
    const own = all.filter(({ contender }) => contender === index);
    const failed = own.reduce((sum, run) => sum + run.failed, 0);
    const runs = own.filter(({ round }) => round >= warmUps);
    return [name, { runs, failed, stderr: readFileSync(stderrOf(name), 'utf8') }];
  });
  return /** @type {Record<Name, Measured>} */ (Object.fromEntries(measured));
}

/** Throws where a program failed. @template {string} Name @param {Record<Name, Measured>} measured */
export function checkSucceeded(measured) {
  for (const [name, { failed, stderr }] of /** @type {[Name, Measured][]} */ (
    Object.entries(measured)
  )) {
    if (failed > 0) throw new Error(`${name}: ${failed} failed: ${stderr.trim() || 'no message'}`);
  }
}

/**
 * Measures one command over one path, by the contenders in the order in which they are named.
 *
 * @template {ContenderName} Name
 * @param {Stage} stage
 * @param {Plan & { names: readonly Name[], path: import('./network.js').PathName, command: readonly string[], coldEvery?: number, mayFail?: boolean } & Partial<import('./spawn.js').Contender>} plan
 * @returns {Promise<Record<Name, Measured>>}
 */
export async function compare(stage, plan) {
  const { names, path, command, coldEvery = 1, mayFail = false, ...rest } = plan;
  const { rounds, warmUps, seconds, env, ...files } = rest;
  if (names.some((name) => name === 'master')) await stage.startMaster(path);
  const entrants = names.map((name) => {
    const argv = WORDS[name](stage.config, path, command);
    return [name, { argv, ...files, every: name === 'cold' ? coldEvery : 1 }];
  });
  const measured = await time(
    stage,
    /** @type {Record<Name, Entrant>} */ (Object.fromEntries(entrants)),
    { rounds, ...(warmUps && { warmUps }), ...(seconds && { seconds }), ...(env && { env }) },
  );
  if (!mayFail) checkSucceeded(measured);
  return measured;
}

/** @param {Measured} measured @returns {Figures} */
export function figures({ runs }) {
  const times = runs.map(({ ms }) => ms);
  return { median: median(times), p99: p99(times), count: times.length };
}

/** The median of the ratios within the rounds in which both ran. @param {Measured} ours @param {Measured} theirs */
export function pairedRatio(ours, theirs) {
  const byRound = new Map(theirs.runs.map(({ round, ms }) => [round, ms]));
  return median(
    ours.runs.flatMap(({ round, ms }) => {
      const other = byRound.get(round);
      return other === undefined ? [] : [ms / other];
    }),
  );
}
