/** Ends an agent that does not answer, even a stopped one: by SIGTERM, then SIGKILL. */
import { pause } from '../../base/time.ts';
import { agentPid } from '../../config/settings/agent-pid.ts';
import type { RuntimePaths } from '../../config/settings/paths.ts';

/** How long the agent may take after SIGTERM, and again after SIGKILL. */
const GRACE_MS = 2000;
const LOOK_MS = 20;

/** Resolves to its process id; undefined if none is recorded or it does not end. */
export async function endAgent(paths: RuntimePaths): Promise<number | undefined> {
  const pid = await agentPid(paths);
  if (pid === undefined) return undefined;
  for (const name of ['SIGTERM', 'SIGKILL'] as const) {
    if ((await agentPid(paths)) !== pid) return pid;
    try {
      process.kill(pid, name);
    } catch {
      // It has ended meanwhile, or may not be signalled: the next check shows which.
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
