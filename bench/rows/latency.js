// @ts-check
/** The time of one short command over paths of different length. */
import { PROGRAM } from '../contenders.js';
import { checkSucceeded, compare, figures, pairedRatio, time } from '../measure.js';

const ALL = /** @type {const} */ (['master', 'pool', 'cold']);

/** @param {import('../network.js').PathName} path @returns {import('../rows.js').Row['run']} */
export function trueOver(path) {
  return async ({ stage, size }) => {
    const full = { loopback: 300, far20: 120, far100: 60, narrow: 60 };
    const quick = { loopback: 30, far20: 12, far100: 6, narrow: 6 };
    const rounds = size({ full, quick })[path];
    // Cold calls are slow and have no target: a few are enough.
    const coldEvery = size({ full: 10, quick: 4 });
    const plan = { path, command: ['true'] };
    const measured = await compare(stage, { ...plan, names: ALL, rounds, warmUps: 3, coldEvery });
    // In turn, the agent can prepare its next call during the other contender's call.
    const alone = { ...plan, rounds: size({ full: 30, quick: 5 }) };
    const { pool } = await compare(stage, { ...alone, names: ['pool'] });
    const { master } = await compare(stage, { ...alone, names: ['master'] });
    const [ours, theirs] = [pool, master].map((one) => figures(one).median.toFixed(1));
    const remark = `not in turn but each by itself: ${ours} ms, ControlMaster ${theirs} ms`;
    return { ...outcome(measured), remark };
  };
}

/** The same over OpenSSH's link. @param {import('../network.js').PathName} path @returns {import('../rows.js').Row['run']} */
export function trueOverOpenssh(path) {
  return async ({ stage, size }) => {
    const full = { loopback: 200, far20: 60, far100: 30, narrow: 30 };
    const quick = { loopback: 20, far20: 6, far100: 3, narrow: 3 };
    const rounds = size({ full, quick })[path];
    const plan = { path, command: ['true'], rounds, warmUps: 3 };
    const names = /** @type {const} */ (['master', 'openssh']);
    const { openssh, master } = await compare(stage, { ...plan, names });
    const value = pairedRatio(openssh, master);
    return { value, pool: figures(openssh), master: figures(master) };
  };
}

/** The command answers only after its standard input. @type {import('../rows.js').Row['run']} */
export async function echoThroughCat({ stage, size }) {
  const rounds = size({ full: 40, quick: 5 });
  const coldEvery = size({ full: 10, quick: 4 });
  return outcome(
    await compare(stage, {
      ...{ names: ALL, path: 'far100', command: ['cat'], rounds, warmUps: 2, coldEvery },
      stdin: '=x\n',
    }),
  );
}

/** pty-req is sent in the same flight. @type {import('../rows.js').Row['run']} */
export async function trueInTerminal({ stage, size }) {
  const path = 'far100';
  await stage.startMaster(path);
  const words = (/** @type {string} */ host) => ['-F', stage.config, '-tt', host, 'true'];
  const entrants = {
    pool: { argv: [PROGRAM, 'ssh', ...words(path)] },
    master: { argv: ['ssh', ...words(`master-${path}`)] },
    cold: { argv: ['ssh', ...words(path)], every: size({ full: 10, quick: 4 }) },
  };
  const measured = await time(stage, entrants, {
    rounds: size({ full: 40, quick: 6 }),
    warmUps: 2,
  });
  checkSucceeded(measured);
  return outcome(measured);
}

/** @param {Record<typeof ALL[number], import('../measure.js').Measured>} measured @returns {import('../rows.js').Outcome} */
function outcome({ pool, master, cold }) {
  return {
    value: pairedRatio(pool, master),
    pool: figures(pool),
    master: figures(master),
    cold: figures(cold),
  };
}
