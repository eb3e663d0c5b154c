// @ts-check
/** Runs a program that is not timed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

const CALL_MS = 30_000;

/**
 * @param {readonly string[]} argv
 * @param {Record<string, string>} env
 * @param {AbortSignal} [signal] ends it
 * @returns {Promise<string>} its output; throws where it fails
 */
export async function run([program = '', ...args], env, signal) {
  signal?.throwIfAborted();
  const child = spawn(program, args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: CALL_MS,
    // A process group of its own: Ctrl-C reaches only the benchmark, which then ends its children.
    detached: true,
  });
  const kill = () => child.kill('SIGKILL');
  signal?.addEventListener('abort', kill);
  try {
    const ended = once(child, 'close');
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    signal?.throwIfAborted();
    if (child.exitCode === 0) return stdout;
    const said = stderr.trim().split('\n').at(-1);
    const why = said || `status ${child.exitCode ?? child.signalCode ?? 'unknown'}`;
    throw new Error(`${[program, ...args].join(' ')}: ${why}`);
  } finally {
    signal?.removeEventListener('abort', kill);
  }
}
