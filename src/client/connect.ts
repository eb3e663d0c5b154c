/**
 * The way to the agent: a connection to the one that runs, or to one that is started for it.
 * Nothing here knows what is said over the connection.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, renameSync, statSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, SshpoolError } from '../base/errors.ts';
import { checkDir, ensureDir, type RuntimePaths } from '../config/paths.ts';
import { tryLock } from './lock.ts';

/** How long an agent may take to start, on a busy machine. */
const START_MS = 15_000;
/** How often one who waits for another's start looks again. */
const RETRY_MS = 20;
/** The log begins anew above this size; one old log is kept. */
const LOG_BYTES = 1024 * 1024;

/**
 * Connects to the agent; undefined where none runs.
 * @throws SshpoolError UNSAFE_PATH where the directory is not ours alone or may not be entered
 */
export async function connectAgent(paths: RuntimePaths): Promise<Socket | undefined> {
  if (!checkDir(paths.dir, process.getuid?.() ?? 0)) return undefined;
  return new Promise((resolve, reject) => {
    const socket = createConnection(paths.socket);
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const absent = error.code === 'ENOENT' || error.code === 'ECONNREFUSED';
      if (absent) resolve(undefined);
      else reject(SshpoolError.of('UNSAFE_PATH', { path: paths.socket, problem: describe(error) }));
    });
  });
}

/**
 * Connects to the agent, and starts one where none runs; of many who come at once, one starts it.
 * `beforeStart` may throw to prevent that.
 * @throws SshpoolError AGENT_START, and why the agent itself would not start
 */
export async function connectOrStart(
  paths: RuntimePaths,
  beforeStart: () => void = () => undefined,
): Promise<Socket> {
  const deadline = performance.now() + START_MS;
  for (;;) {
    const socket = await connectAgent(paths);
    if (socket) return socket;
    beforeStart();
    ensureDir(paths.dir);
    checkDir(paths.dir, process.getuid?.() ?? 0);
    await startOnce(paths);
    if (performance.now() > deadline) {
      const reason = `nobody answers on ${paths.socket}`;
      throw SshpoolError.of('AGENT_START', { reason, log: paths.log });
    }
  }
}

/** Starts the agent if nobody else is about to; else waits a moment for them. */
async function startOnce(paths: RuntimePaths): Promise<void> {
  const lock = tryLock(paths.lock);
  if (lock === undefined) {
    await sleep(RETRY_MS);
    return;
  }
  try {
    // Whoever held the lock before us may just have finished.
    const socket = await connectAgent(paths);
    if (socket) socket.destroy();
    else await spawnAgent(paths);
  } finally {
    lock.release();
  }
}

/** Starts the agent as a process of its own and resolves when it serves. */
function spawnAgent(paths: RuntimePaths): Promise<void> {
  const main = fileURLToPath(new URL('../agent/main.js', import.meta.url));
  const log = openLog(paths.log);
  const agent = spawn(process.execPath, [main], {
    cwd: '/',
    detached: true,
    // Whoever waits for the end of our output must not wait for the agent.
    stdio: ['ignore', log, log, 'pipe'],
  });
  closeSync(log);
  const ready = agent.stdio[3] as Socket;
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void =>
      reject(SshpoolError.of('AGENT_START', { reason, log: paths.log }));
    const timer = setTimeout(() => fail(`not ready within ${START_MS / 1000} s`), START_MS);
    let line = '';
    ready.setEncoding('utf8');
    ready.on('data', (text: string) => (line += text));
    ready.on('close', () => {
      clearTimeout(timer);
      agent.unref();
      if (line === '') return fail('it ended without a word');
      const readiness = JSON.parse(line) as { ok: boolean; code: string; message: string };
      if (readiness.ok) resolve();
      else reject(SshpoolError.received(readiness.code, readiness.message));
    });
    agent.on('error', (error) => fail(describe(error)));
  });
}

function openLog(path: string): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_BYTES) renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
}
