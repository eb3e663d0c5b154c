// @ts-check
/** Processor time and memory of the launcher, as wait4 counts them. */
import { compare } from '../measure.js';
import { median } from '../statistics.js';

/** @typedef {import('../rows.js').Row} Row */
/** @typedef {import('../spawn.js').Run} Run */

/** @type {Row['run']} */
export const launcherCpu = cost(({ cpuMs }) => cpuMs);

/** @type {Row['run']} */
export const launcherResident = cost(({ residentBytes }) =>
  residentBytes === undefined ? undefined : residentBytes / 1e6,
);

/** @param {(run: Run) => number | undefined} read @returns {Row['run']} */
function cost(read) {
  return async ({ stage, native, size }) => {
    const rounds = size({ full: 100, quick: 15 });
    const plan = { rounds, warmUps: 2, path: /** @type {const} */ ('loopback') };
    const { pool } = await compare(stage, { names: ['pool'], command: ['true'], ...plan });
    const values = pool.runs.flatMap((run) => read(run) ?? []);
    if (values.length === 0) throw new Error('without a C compiler nothing counts it');
    return {
      value: median(values),
      problems: native ? [] : ['there is no launcher: bin/sshpool is the Node client'],
    };
  };
}
