// @ts-check
/**
 * Runs contenders in turn and times each from start to end: with a small C program (spawn.c), since
 * starting a process from Node takes longer than the measured times; without a C compiler in Node.
 */
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { timeWithNode } from './spawn-in-node.js';

const SOURCE = fileURLToPath(new URL('spawn.c', import.meta.url));

/**
 * @typedef Contender
 * @property {readonly string[]} argv
 * @property {string} stdin a file, or `=TEXT` for a pipe that holds it
 * @property {string} stdout a file, added to
 * @property {string} stderr a file, added to
 * @property {number} every it runs in each round whose number is a multiple of this
 * @property {number} times how often it runs in one round
 * @property {number} parallel how many of them at once
 */
/**
 * @typedef {{ contender: number, round: number, ms: number, failed: number, status: number, cpuMs: number | undefined, residentBytes: number | undefined }} Run
 *   one contender in one round; `status` is that of the last one that failed
 */
/**
 * @typedef Settings
 * @property {Record<string, string>} env
 * @property {number} seconds the longest that one run may take
 * @property {AbortSignal} signal
 */
/** @typedef {(contenders: readonly Contender[], rounds: number, settings: Settings) => Promise<Run[]>} Timer */

/** Compiles the program into `dir`; undefined without a compiler. @param {string} dir */
export function compileTimer(dir) {
  const program = join(dir, 'spawn');
  const compiler = process.env['CC'] ?? 'cc';
  // Static, where that is possible: a process counts its parent's memory until it runs its own program.
  for (const more of [['-static'], []]) {
    const words = ['-O2', ...more, '-o', program, SOURCE];
    const { status } = spawnSync(compiler, words, { stdio: 'ignore', timeout: 60_000 });
    if (status === 0) return program;
  }
  return undefined;
}

/** @param {string | undefined} program what `compileTimer` made @returns {Timer} */
export function makeTimer(program) {
  if (program === undefined) return timeWithNode;
  return async (contenders, rounds, settings) => {
    const words = contenders.flatMap((one) => [
      ...[one.stdin, one.stdout, one.stderr],
      ...[one.every, one.times, one.parallel, one.argv.length].map(String),
      ...one.argv,
    ]);
    const child = spawn(program, [`${settings.seconds}`, `${rounds}`, ...words], {
      env: settings.env,
      stdio: ['ignore', 'pipe', 'inherit'],
      // A process group, so that it and all its children can be ended together.
      detached: true,
    });
    const kill = () => child.pid !== undefined && child.exitCode === null && endGroup(child.pid);
    settings.signal.addEventListener('abort', kill);
    try {
      /** @type {Promise<number | null>} */
      const ended = new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('close', (code) => resolve(code));
      });
      const [printed, code] = await Promise.all([text(child.stdout), ended]);
      settings.signal.throwIfAborted();
      const runs = printed.trim().split('\n').filter(Boolean).map(parseRun);
      if (code !== 0) throw new Error(tooLong(contenders, runs, settings));
      return runs;
    } finally {
      settings.signal.removeEventListener('abort', kill);
    }
  };
}

/** @param {number} pid */
function endGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

/** @param {string} line @returns {Run} */
function parseRun(line) {
  const [contender = 0, round = 0, ns = 0, failed = 0, status = 0, cpuMicroseconds = 0, kib = 0] =
    line.split(' ').map(Number);
  return {
    ...{ contender, round, failed, status },
    ms: ns / 1e6,
    cpuMs: cpuMicroseconds / 1e3,
    residentBytes: kib * 1024,
  };
}

/** @param {readonly Contender[]} contenders @param {readonly Run[]} runs @param {Settings} settings */
function tooLong(contenders, runs, { seconds }) {
  const last = runs.at(-1)?.contender ?? -1;
  const next = contenders[(last + 1) % contenders.length] ?? contenders[0];
  return `did not start, or not end within ${seconds} s: ${next?.argv.join(' ') ?? ''}`;
}
