// @ts-check
/** The machine and versions of a run, and the lower bound of its times. */
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { dirname } from 'node:path';
import { PROGRAM } from './contenders.js';
import { checkSucceeded, figures, time } from './measure.js';
import { sshVersion } from './server.js';

/** The first bytes of native programs: ELF and two kinds of Mach-O. */
const NATIVE = new Set(['\x7fELF', '\xcf\xfa\xed\xfe', '\xca\xfe\xba\xbe']);

/** Whether bin/sshpool is the launcher, and not a copy of the Node client. */
export function isNative() {
  return NATIVE.has(readFileSync(PROGRAM).subarray(0, 4).toString('latin1'));
}

/** @param {{ native: boolean, compiled: boolean, quick: boolean }} run @returns {[name: string, value: string][]} */
export function readFacts({ native, compiled, quick }) {
  const [cpu] = cpus();
  const kind = native ? `native, ${Math.round(statSync(PROGRAM).size / 1000)} kB` : 'Node client';
  return [
    ['Date', new Date().toISOString().slice(0, 10)],
    ['Commit', commit()],
    ['Run', quick ? 'quick: few samples, small transfers' : 'full'],
    ['Machine', `${cpu?.model.trim() ?? 'unknown'}, ${cpus().length} cores`],
    ['Memory', `${Math.round(totalmem() / 2 ** 30)} GiB`],
    ['System', `${type()} ${release()}, load ${(loadavg()[0] ?? 0).toFixed(2)} at the start`],
    [
      'Node',
      `${process.version}${process.env['NODE_EXTRA_CA_CERTS'] ? ', NODE_EXTRA_CA_CERTS is set' : ''}`,
    ],
    ['OpenSSH', sshVersion()],
    ['bin/sshpool', kind],
    ['Timed by', compiled ? 'bench/spawn.c' : 'Node (there is no C compiler)'],
  ];
}

/** @param {string[]} args */
function git(...args) {
  const { stdout } = spawnSync('git', args, { cwd: dirname(dirname(PROGRAM)), encoding: 'utf8' });
  // Empty without git.
  return /** @type {string | null} */ (stdout)?.trim() ?? '';
}

function commit() {
  const hash = git('rev-parse', '--short', 'HEAD');
  if (hash === '') return 'unknown';
  return git('status', '--porcelain', '--', 'src', 'bin') === '' ? hash : `${hash} with changes`;
}

/**
 * The lower bound for every program, in ms: the start of a process, one round trip, and the remote
 * shell.
 *
 * @typedef {{ start: number, shell: number, roundTrips: Record<import('./network.js').PathName, number> }} Floor
 */

/** @param {import('./stage.js').Stage} stage @param {number} rounds @returns {Promise<Floor>} */
export async function measureFloor(stage, rounds) {
  const measured = await time(
    stage,
    { start: { argv: ['/bin/true'] }, shell: { argv: ['/bin/sh', '-c', 'true'] } },
    { rounds, warmUps: 5 },
  );
  checkSucceeded(measured);
  const { start, shell } = measured;
  const { roundTrips } = stage.network;
  return { start: figures(start).median, shell: figures(shell).median, roundTrips };
}
