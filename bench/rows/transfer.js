// @ts-check
/** Bulk transfers, and short commands beside them. */
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { WORDS } from '../contenders.js';
import { compare, figures, pairedRatio } from '../measure.js';

export const MIB = 1024 * 1024;
const BLOCK = 64 * 1024;
const BOTH = /** @type {const} */ (['master', 'pool']);

/** How long a download runs before the measurement beside it: until all buffers are full. */
const FILL_MS = 1500;

/** Zeros without a file: no disk is the bottleneck. @param {number} bytes */
export const zeros = (bytes) => [
  'dd',
  'if=/dev/zero',
  'bs=64k',
  `count=${bytes / BLOCK}`,
  'status=none',
];

/** @type {(bench: import('../rows.js').Bench) => { bytes: number, rounds: number, warmUps: number }} */
const amount = ({ size }) => ({
  bytes: size({ full: 1024 * MIB, quick: 128 * MIB }),
  rounds: size({ full: 7, quick: 3 }),
  warmUps: 1,
});

/** @type {import('../rows.js').Row['run']} */
export async function download(bench) {
  const { bytes, ...plan } = amount(bench);
  const all = { names: BOTH, path: /** @type {const} */ ('loopback'), seconds: 120, ...plan };
  return outcome(await compare(bench.stage, { ...all, command: zeros(bytes) }), bytes);
}

/** @type {import('../rows.js').Row['run']} */
export async function upload(bench) {
  const { bytes, ...plan } = amount(bench);
  const [stdin, stdout] = ['upload', 'arrived'].map((name) => join(bench.stage.dir, name));
  if (stdin === undefined || stdout === undefined) throw new Error('unreachable');
  // A sparse file, which reads as zeros.
  for (const file of [stdin, stdout]) writeFileSync(file, '');
  truncateSync(stdin, bytes);
  const all = { names: BOTH, path: /** @type {const} */ ('loopback'), seconds: 120, ...plan };
  const measured = await compare(bench.stage, { ...all, command: ['wc', '-c'], stdin, stdout });
  const counts = readFileSync(stdout, 'utf8').trim().split('\n');
  if (!counts.every((count) => Number(count) === bytes)) throw new Error('not all bytes arrived');
  return outcome(measured, bytes);
}

/** @param {Record<typeof BOTH[number], import('../measure.js').Measured>} measured @param {number} bytes */
function outcome({ pool, master }, bytes) {
  const ours = figures(pool);
  const rate = Math.round(bytes / 1e6 / (ours.median / 1000));
  const remark = `${bytes / MIB} MiB, ${rate} MB/s`;
  return { value: pairedRatio(pool, master), pool: ours, master: figures(master), remark };
}

/** @type {import('../rows.js').Row['run']} */
export async function duringDownload({ stage, size }) {
  const rounds = size({ full: 20, quick: 3 });
  const beside = async (/** @type {typeof BOTH[number]} */ name) => {
    const plan = { path: /** @type {const} */ ('narrow'), command: ['true'], rounds, warmUps: 1 };
    const one = /** @type {const} */ ({ names: [name], seconds: 60 });
    const idle = figures((await compare(stage, { ...plan, ...one }))[name]);
    const argv = WORDS[name](stage.config, plan.path, [
      'dd',
      'if=/dev/zero',
      'bs=64k',
      'status=none',
    ]);
    const running = stage.background(argv, 'ignore');
    await pause(FILL_MS, undefined, { signal: stage.signal });
    const busy = figures((await compare(stage, { ...plan, ...one }))[name]);
    if (running.exitCode !== null) throw new Error(`${name}: the download ended too early`);
    running.kill('SIGTERM');
    return { idle, busy, factor: busy.median / idle.median };
  };
  const [pool, master] = [await beside('pool'), await beside('master')];
  const remark = `idle: ${pool.idle.median.toFixed(1)} ms; ControlMaster: ${master.factor.toFixed(1)} x its own idle ${master.idle.median.toFixed(1)} ms`;
  return { value: pool.factor, pool: pool.busy, master: master.busy, remark };
}
