// @ts-check
/** A warm call with the package as npm 12 installs it with its defaults, for the user and for all. */
import { chmodSync, mkdirSync } from 'node:fs';
import { machine } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installByNpm, nodeDirectory, pack } from '../../scripts/package-tools.js';
import { PROGRAM } from '../contenders.js';
import { checkSucceeded, figures, pairedRatio, time } from '../measure.js';

/** @typedef {import('../stage.js').Stage} Stage */
/** @typedef {import('../rows.js').Row} Row */

const LAUNCHER = fileURLToPath(
  new URL(`../../bin/launchers/sshpool-${machine()}`, import.meta.url),
);

/** Several rows need it. @type {WeakMap<Stage, string>} */
const packedFor = new WeakMap();

/** The package. @param {Stage} stage */
function packedOn(stage) {
  const place = join(stage.dir, 'packed');
  const found = packedFor.get(stage);
  if (found !== undefined) return found;
  mkdirSync(place);
  const packed = pack(place);
  packedFor.set(stage, packed);
  return packed;
}

/** @param {Stage} stage @param {string} name of the prefix */
async function installed(stage, name) {
  const node = await nodeDirectory(24);
  const env = { PATH: `${node}:${process.env['PATH'] ?? ''}` };
  return installByNpm(12, packedOn(stage), join(stage.dir, name), env);
}

/** @param {import('../rows.js').Bench} bench @param {string} program @returns {Promise<import('../rows.js').Outcome>} */
async function besideMaster({ stage, size }, program) {
  await stage.startMaster('loopback');
  const words = ['-F', stage.config];
  const measured = await time(
    stage,
    {
      pool: { argv: [program, 'exec', ...words, 'loopback', '--', 'true'] },
      master: { argv: ['ssh', ...words, 'master-loopback', 'true'] },
    },
    { rounds: size({ full: 200, quick: 20 }), warmUps: 3 },
  );
  checkSucceeded(measured);
  const { pool, master } = measured;
  return { value: pairedRatio(pool, master), pool: figures(pool), master: figures(master) };
}

/** @type {Row['run']} */
export async function fromOwnPrefix(bench) {
  return besideMaster(bench, await installed(bench.stage, 'own-prefix'));
}

/** The launcher does not take the script's place where others may write to that, as if only root could. @type {Row['run']} */
export async function fromForeignPrefix(bench) {
  const program = await installed(bench.stage, 'foreign-prefix');
  const script = join(dirname(program), '../lib/node_modules/sshpool/bin/sshpool');
  chmodSync(script, 0o775);
  return besideMaster(bench, program);
}

/** The package's launcher, static against musl, beside the one that the build has made here. @type {Row['run']} */
export async function launcherStart({ stage, native, size }) {
  const words = ['exec', '-F', stage.config, 'loopback', '--', 'true'];
  const measured = await time(
    stage,
    { pool: { argv: [LAUNCHER, ...words] }, built: { argv: [PROGRAM, ...words] } },
    { rounds: size({ full: 300, quick: 20 }), warmUps: 3 },
  );
  checkSucceeded(measured);
  const { pool, built } = measured;
  return {
    value: pairedRatio(pool, built),
    pool: figures(pool),
    remark: `the other one: ${figures(built).median.toFixed(2)} ms`,
    problems: native ? [] : ['there is no other launcher: bin/sshpool is the Node client'],
  };
}
