/** An agent that does not answer is ended from outside. */
import { pause } from '../base/time.ts';
import { agentPid } from '../config/agent-pid.ts';
import type { RuntimePaths } from '../config/paths.ts';

/** How long it may take to end by itself, and then to be gone. */
const GRACE_MS = 2000;
const LOOK_MS = 20;

/**
 * Ends the process that is noted as the agent, by SIGTERM, then SIGKILL, which also ends one that is
 * stopped. Resolves to its process id; undefined where none is noted, or it stays.
 */
export async function endAgent(paths: RuntimePaths): Promise<number | undefined> {
  const pid = await agentPid(paths);
  if (pid === undefined) return undefined;
  for (const name of ['SIGTERM', 'SIGKILL'] as const) {
    if ((await agentPid(paths)) !== pid) return pid;
    try {
      process.kill(pid, name);
    } catch {
      // It has ended since we looked, or may not be signalled: the next look tells.
    }
    if (await isGone(paths, pid)) return pid;
  }
  return undefined;
}

async function isGone(paths: RuntimePaths, pid: number): Promise<boolean> {
  const deadline = performance.now() + GRACE_MS;
  while (performance.now() < deadline) {
    if ((await agentPid(paths)) !== pid) return true;
    await pause(LOOK_MS);
  }
  return false;
}
