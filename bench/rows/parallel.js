// @ts-check
/** Many commands at once, also more than a server allows on one connection (MaxSessions 10). */
import { compare, figures, pairedRatio } from '../measure.js';

/** @type {import('../rows.js').Row['run']} */
export const shortTrues = batches({ command: ['true'], parallel: 8 });

/** @type {import('../rows.js').Row['run']} */
export const shortSleeps = batches({ command: ['sleep', '0.1'], parallel: 30 });

/**
 * @param {{ command: readonly string[], parallel: number }} work
 * @returns {import('../rows.js').Row['run']}
 */
function batches(work) {
  return async ({ stage, native, size }) => {
    // Hundreds of starts of Node take long.
    const times = size({ full: 400, quick: native ? 200 : 60 });
    const plan = { times, rounds: size({ full: 5, quick: 1 }), warmUps: 1, seconds: 300 };
    const names = /** @type {const} */ (['master', 'pool']);
    // The comparison includes ControlMaster's failures with too many sessions.
    const all = { names, path: /** @type {const} */ ('loopback'), ...work, ...plan, mayFail: true };
    const { pool, master } = await compare(stage, all);
    return {
      value: pairedRatio(pool, master),
      pool: figures(pool),
      master: figures(master),
      problems: complaints(pool),
      remark: `each time of ${times} calls; ControlMaster: ${describe(master, plan.rounds + plan.warmUps)}`,
    };
  };
}

/** @param {import('../measure.js').Measured} measured */
function complaints({ failed, stderr }) {
  const problems = failed > 0 ? [`${failed} calls failed`] : [];
  if (stderr !== '') problems.push(`messages on stderr, the first: ${stderr.split('\n')[0] ?? ''}`);
  return problems;
}

/** @param {import('../measure.js').Measured} measured @param {number} rounds */
function describe({ failed, stderr }, rounds) {
  const refused = stderr.split('\n').filter((line) => line.includes('Session open refused')).length;
  return `${Math.round(refused / rounds)} of them refused and logged in anew, ${Math.round(failed / rounds)} failed`;
}
