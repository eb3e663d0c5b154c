/** The built agent, started by the test itself with settings that no caller uses. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { alive, signal, until } from './process.ts';
import type { Sandbox } from './sandbox.ts';

const MAIN = fileURLToPath(new URL('../../dist/program/agent.cjs', import.meta.url));

export interface AgentProcessOptions {
  /** The file that is its log; agent.log unless given. */
  readonly log?: string;
  /** Code that runs in the agent's process before its own. */
  readonly before?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the agent of the sandbox; resolves to its process id when it serves. */
export async function startAgent(
  sandbox: Sandbox,
  { log = sandbox.path('run', 'agent.log'), before = '', env }: AgentProcessOptions = {},
): Promise<number> {
  const required = sandbox.write('before.cjs', before);
  const file = openSync(log, 'a', 0o600);
  const agent = spawn(process.execPath, ['--require', required, MAIN], {
    env: { ...sandbox.env, ...env },
    stdio: ['ignore', file, file, 'pipe'],
  });
  closeSync(file);
  const { pid = 0 } = agent;
  sandbox.defer(async () => {
    signal(pid, 'SIGKILL');
    await until(() => !alive(pid), 'the agent is gone');
  });
  const ready = agent.stdio[3] as Readable;
  await new Promise((resolve, reject) => {
    ready.once('data', resolve);
    ready.once('close', () => reject(new Error('the agent did not start')));
  });
  return pid;
}
