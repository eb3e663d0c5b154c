// @ts-check
/** The first calls, when there is no agent yet, and the client in Node. */
import { PROGRAM, WORDS } from '../contenders.js';
import { checkSucceeded, compare, figures, pairedRatio, time } from '../measure.js';

/** @typedef {import('../stage.js').Stage} Stage */

/** Two rows come from one measurement. @type {WeakMap<Stage, ReturnType<typeof measureFirstCalls>>} */
const measuredOn = new WeakMap();

/** @param {import('../rows.js').Bench} bench */
function firstCalls(bench) {
  const measured = measuredOn.get(bench.stage) ?? measureFirstCalls(bench);
  measuredOn.set(bench.stage, measured);
  return measured;
}

/** Every round begins without an agent. @param {import('../rows.js').Bench} bench */
async function measureFirstCalls({ stage, size }) {
  const call = { argv: WORDS.pool(stage.config, 'loopback', ['true']) };
  const measured = await time(
    stage,
    {
      stop: { argv: [PROGRAM, 'agent', 'stop', '--force'], stderr: '/dev/null' },
      first: call,
      second: call,
      // By then the agent is warm; warm calls have a row of their own.
      third: call,
      cold: { argv: WORDS.cold(stage.config, 'loopback', ['true']) },
    },
    { rounds: size({ full: 25, quick: 3 }), warmUps: 1 },
  );
  checkSucceeded(measured);
  return measured;
}

/** @type {import('../rows.js').Row['run']} */
export async function firstCall(bench) {
  const { first, cold } = await firstCalls(bench);
  return { value: pairedRatio(first, cold), pool: figures(first), cold: figures(cold) };
}

/** The second call of all, right after the first. @type {import('../rows.js').Row['run']} */
export async function secondCall(bench) {
  const { second, third, cold } = await firstCalls(bench);
  return {
    value: pairedRatio(second, cold),
    pool: figures(second),
    cold: figures(cold),
    remark: `right after the first; the third is at ${pairedRatio(third, cold).toFixed(3)}`,
  };
}

/** @type {import('../rows.js').Row['run']} */
export async function nodeClient({ stage, size }) {
  const path = 'loopback';
  // The agent must be warm before the measured rounds.
  await compare(stage, { names: ['nodeClient'], path, command: ['true'], rounds: 2 });
  const entrants = {
    bare: { argv: [process.execPath, '-e', '0'] },
    client: { argv: WORDS.nodeClient(stage.config, path, ['true']) },
  };
  const plan = { rounds: size({ full: 60, quick: 10 }), warmUps: 1 };
  const measured = await time(stage, entrants, plan);
  checkSucceeded(measured);
  const bare = figures(measured.bare).median;
  return {
    value: pairedRatio(measured.client, measured.bare),
    pool: figures(measured.client),
    remark: `bare: ${bare.toFixed(1)} ms${await withoutCertificates(stage, entrants, plan)}`,
  };
}

/**
 * NODE_EXTRA_CA_CERTS makes every start of Node slower, with and without the client, and so the
 * ratio smaller.
 *
 * @param {Stage} stage
 * @param {Record<'bare' | 'client', { argv: string[] }>} entrants
 * @param {import('../measure.js').Plan} plan
 */
async function withoutCertificates(stage, entrants, plan) {
  if (!stage.env['NODE_EXTRA_CA_CERTS']) return '';
  const measured = await time(stage, entrants, { ...plan, env: { NODE_EXTRA_CA_CERTS: '' } });
  checkSucceeded(measured);
  const ratio = pairedRatio(measured.client, measured.bare).toFixed(2);
  const bare = figures(measured.bare).median.toFixed(1);
  return `; without NODE_EXTRA_CA_CERTS, which is set here: ${ratio} x ${bare} ms`;
}
