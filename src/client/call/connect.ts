/** Connects to the running agent, or starts one. Does not know what is said over the connection. */
import { createConnection, type Socket } from 'node:net';
import { describe, SshpoolError } from '../../base/errors.ts';
import { startFailure, type RuntimePaths } from '../../config/settings/paths.ts';
import { checkDir, checkSocket, ensureDir } from '../../config/settings/private-directory.ts';
import { takeLock } from './lock.ts';

/** For a busy machine, also if another process starts the agent. */
export const START_MS = 15_000;

/** Undefined if none runs. @throws SshpoolError UNSAFE_PATH; AGENT_SILENT if its backlog is full */
export async function connectToAgent(paths: RuntimePaths): Promise<Socket | undefined> {
  const uid = process.getuid?.() ?? 0;
  if (!checkDir(paths.dir, uid)) return undefined;
  checkSocket(paths.socket, uid);
  return new Promise((resolve, reject) => {
    const socket = createConnection(paths.socket);
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const absent = error.code === 'ENOENT' || error.code === 'ECONNREFUSED';
      if (absent) resolve(undefined);
      else if (error.code === 'EAGAIN') reject(SshpoolError.of('AGENT_SILENT', { log: paths.log }));
      else reject(SshpoolError.of('UNSAFE_PATH', { path: paths.socket, problem: describe(error) }));
    });
  });
}

/**
 * Of several simultaneous callers only one starts an agent. `beforeStart` may throw to prevent the start.
 * @throws SshpoolError AGENT_START, LOCK_HELD, why the agent would not start; as connectToAgent
 */
export async function connectOrStart(
  paths: RuntimePaths,
  beforeStart: () => void = () => undefined,
): Promise<Socket> {
  const running = await connectToAgent(paths);
  if (running) return running;
  beforeStart();
  const deadline = performance.now() + START_MS;
  for (;;) {
    ensureDir(paths.dir);
    checkDir(paths.dir, process.getuid?.() ?? 0);
    await startOnce(paths, deadline - performance.now()).catch((thrown: unknown) => {
      throw startFailure(paths, thrown);
    });
    const socket = await connectToAgent(paths);
    if (socket) return socket;
    if (performance.now() > deadline) {
      const reason = `no answer on ${paths.socket}`;
      throw SshpoolError.of('AGENT_START', { reason, log: paths.log });
    }
  }
}

/** Starts the agent, or waits for another process that is starting it. */
async function startOnce(paths: RuntimePaths, limitMs: number): Promise<void> {
  const lock = await takeLock(paths.lock, limitMs);
  if (lock === undefined) return;
  try {
    // The previous holder of the lock may have started the agent.
    const socket = await connectToAgent(paths);
    if (socket) {
      socket.destroy();
      return;
    }
    // Loaded only here: few calls have to start an agent, and all would pay for the import.
    const { spawnAgent } = await import('./spawn.ts');
    await spawnAgent(paths, START_MS);
  } finally {
    lock.release();
  }
}
