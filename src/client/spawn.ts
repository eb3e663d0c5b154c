/** The agent started as a process of its own. Nothing here knows what is said to it. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, renameSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, SshpoolError } from '../base/errors.ts';
import type { RuntimePaths } from '../config/paths.ts';
import { CA_CERTS_ASIDE } from '../wire/start.ts';

/** The log begins anew above this size; one old log is kept. */
const LOG_BYTES = 1024 * 1024;

/**
 * Starts the agent as a process of its own and resolves when it serves.
 * @throws SshpoolError AGENT_START, and why the agent itself would not start
 */
export function spawnAgent(paths: RuntimePaths, limitMs: number): Promise<void> {
  const main = fileURLToPath(new URL('../agent/main.cjs', import.meta.url));
  const log = openLog(paths.log);
  const agent = spawn(process.execPath, [main], {
    cwd: '/',
    env: agentEnv(),
    detached: true,
    // Whoever waits for the end of our output must not wait for the agent.
    stdio: ['ignore', log, log, 'pipe'],
  });
  closeSync(log);
  const ready = agent.stdio[3] as Socket;
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void =>
      reject(SshpoolError.of('AGENT_START', { reason, log: paths.log }));
    const timer = setTimeout(() => fail(`not ready within ${limitMs / 1000} s`), limitMs);
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

/** Our environment, with the certificates put aside. */
function agentEnv(): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: certificates, ...env } = process.env;
  return { ...env, [CA_CERTS_ASIDE]: certificates };
}

function openLog(path: string): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_BYTES) renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
}
