// @ts-check
/** The agent's memory while it is idle, while it works, and after many calls. */
import { setTimeout as pause } from 'node:timers/promises';
import { IDLE_HOSTS, PROGRAM, WORDS } from '../contenders.js';
import { checkSucceeded, time } from '../measure.js';
import { openDescriptors, residentBytes } from '../processes.js';
import { MIB, zeros } from './transfer.js';

/** @typedef {import('../rows.js').Row} Row */
/** @typedef {import('../stage.js').Stage} Stage */

const MB = 1e6;
const SETTLE_MS = 2000;
/** A server accepts at most ten connections that are not logged in yet (MaxStartups). */
const AT_ONCE = 8;
const LOOK_MS = 50;
const SLOW_BYTES_PER_MS = 50_000;

/** @param {Stage} stage @param {Record<string, string>} [env] @returns {Promise<number>} its pid */
async function startAgent(stage, env) {
  await stage.call(WORDS.pool(stage.config, 'loopback', ['true']), env);
  const status = await stage.call([PROGRAM, 'agent', 'status', '--json']);
  return /** @type {{ pid: number }} */ (JSON.parse(status)).pid;
}

/** @param {Stage} stage */
const settle = (stage) => pause(SETTLE_MS, undefined, { signal: stage.signal });

/** @type {Row['run']} */
export async function idleAgent({ stage }) {
  const pid = await startAgent(stage);
  await settle(stage);
  return { value: residentBytes(pid) / MB, remark: 'with one idle connection' };
}

/** @type {Row['run']} */
export async function perIdleConnection({ stage }) {
  // The first connections must not close before the last ones are open.
  const pid = await startAgent(stage, { SSH_POOL_IDLE_TIMEOUT_MS: '600000' });
  await settle(stage);
  const before = residentBytes(pid);
  const hosts = Array.from({ length: IDLE_HOSTS }, (_, i) => `idle-${i}`);
  for (let at = 0; at < hosts.length; at += AT_ONCE) {
    const some = hosts.slice(at, at + AT_ONCE);
    await stage.call([PROGRAM, 'warm', '-F', stage.config, ...some]);
  }
  await settle(stage);
  const after = residentBytes(pid);
  const text = await stage.call([PROGRAM, 'stats', '--json']);
  const { connections } = /** @type {{ connections: unknown[] }} */ (JSON.parse(text));
  if (connections.length !== IDLE_HOSTS + 1) {
    throw new Error(`${connections.length} connections are open, not ${IDLE_HOSTS + 1}`);
  }
  return {
    value: (after - before) / IDLE_HOSTS / 1e3,
    remark: `${(before / MB).toFixed(1)} MB with one, ${(after / MB).toFixed(1)} MB with 100 more`,
  };
}

/** @type {Row['run']} */
export async function slowReader({ stage, size }) {
  const pid = await startAgent(stage);
  const bytes = size({ full: 1024 * MIB, quick: 128 * MIB });
  const child = stage.background(WORDS.pool(stage.config, 'loopback', zeros(bytes)), 'pipe');
  if (child.stdout === null) throw new Error('there is no pipe to read from');
  let [most, received] = [0, 0];
  const look = () => {
    most = Math.max(most, residentBytes(pid));
  };
  const timer = setInterval(look, LOOK_MS);
  try {
    for await (const chunk of /** @type {AsyncIterable<Buffer>} */ (child.stdout)) {
      received += chunk.length;
      await pause(chunk.length / SLOW_BYTES_PER_MS, undefined, { signal: stage.signal });
    }
  } finally {
    clearInterval(timer);
  }
  if (received !== bytes) throw new Error(`${received} bytes arrived of ${bytes}`);
  return { value: most / MB, remark: `at most, while ${bytes / MIB} MiB are read at 50 MB/s` };
}

/** @type {Row['run']} */
export async function afterManyExecs({ stage, native, size }) {
  const pid = await startAgent(stage);
  // Ten thousand starts of Node take too long for the result.
  const few = native ? 1000 : size({ full: 200, quick: 10 });
  const many = native ? size({ full: 10_000, quick: 4000 }) : 10 * few;
  const look = async (/** @type {number} */ times) => {
    const argv = WORDS.pool(stage.config, 'loopback', ['true']);
    const plan = { rounds: 1, seconds: 1800 };
    checkSucceeded(await time(stage, { pool: { argv, times, parallel: 4 } }, plan));
    await settle(stage);
    return { bytes: residentBytes(pid), descriptors: openDescriptors(pid) };
  };
  const before = await look(few);
  const after = await look(many - few);
  const more = after.descriptors - before.descriptors;
  return {
    value: (after.bytes - before.bytes) / MB,
    problems: more > 0 ? [`${more} more descriptors are open`] : [],
    remark: `${(before.bytes / MB).toFixed(1)} MB after ${few}, ${(after.bytes / MB).toFixed(1)} MB after ${many}; descriptors ${before.descriptors}, then ${after.descriptors}`,
  };
}
