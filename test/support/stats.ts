/** Reads the statistics of the pool and the agent. */
import type { AgentStats } from '../../src/agent/methods.ts';
import { programVersion } from '../../src/base/version.ts';
import { connectToAgent } from '../../src/client/call/connect.ts';
import { withRunningAgent } from '../../src/client/call/versions.ts';
import { request } from '../../src/client/request.ts';
import { stopAgentAtTheEnd } from './cli.ts';
import type { Sandbox } from './sandbox.ts';

/** As `sshpool stats --json`, but asked from here: no new Node process. Null if no agent runs. */
export async function stats(sandbox: Sandbox): Promise<AgentStats | null> {
  stopAgentAtTheEnd(sandbox);
  const { paths } = sandbox;
  const setting = { paths, version: programVersion(), print: () => undefined, isProgram: true };
  return withRunningAgent(paths, async () => {
    const socket = await connectToAgent(paths);
    if (socket === undefined) return null;
    return (await request(socket, setting, 'stats', { target: null })) as AgentStats;
  });
}

/** As `stats`, but fails if no agent runs. */
export async function poolStats(sandbox: Sandbox): Promise<AgentStats> {
  const found = await stats(sandbox);
  if (found === null) throw new Error('no agent is running');
  return found;
}
