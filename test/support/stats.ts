/** Reads the statistics of the pool and the agent. */
import type { AgentStats } from '../../src/agent/methods.ts';
import { runCli } from './cli.ts';
import type { Sandbox } from './sandbox.ts';

/** `sshpool stats --json`; null if no agent runs. */
export async function stats(sandbox: Sandbox): Promise<AgentStats | null> {
  const { stdout } = await runCli(sandbox, ['stats', '--json']);
  return JSON.parse(stdout.toString()) as AgentStats | null;
}

/** As `stats`, but fails if no agent runs. */
export async function poolStats(sandbox: Sandbox): Promise<AgentStats> {
  const found = await stats(sandbox);
  if (found === null) throw new Error('no agent is running');
  return found;
}
