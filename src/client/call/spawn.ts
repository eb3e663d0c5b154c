/** Starts the agent as its own process. Does not know the protocol. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, renameSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, SshpoolError } from '../../base/errors.ts';
import { packageFile } from '../../base/version.ts';
import type { RuntimePaths } from '../../config/settings/paths.ts';
import { agentEnv } from '../../wire/caller-env.ts';

/** Above this size a new log begins; one old log is kept. */
const LOG_BYTES = 1024 * 1024;
const SHELL = '/bin/sh';

/** Resolves when it serves. @throws SshpoolError AGENT_START, and why the agent itself would not start */
export function spawnAgent(paths: RuntimePaths, limitMs: number): Promise<void> {
  const main = fileURLToPath(packageFile('dist/program/agent.cjs'));
  const log = openLog(paths.log);
  const [program = '', ...words] = withOwnLimits([process.execPath, main]);
  // Node starts its children with no signal blocked or ignored.
  const agent = spawn(program, words, {
    cwd: '/',
    env: agentEnv(process.env),
    detached: true,
    // The agent must not hold this process's output open: its reader waits for end of file.
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

/**
 * As agent-process.c in the launcher; limits that cannot be changed stay. Without a stack limit Linux uses
 * its legacy memory layout. No core file: the agent's memory holds passwords and keys.
 */
const MAKE_LIMITS = `umask 077
{ ulimit -c 0
  for limit in d f l m n t u v; do ulimit -S -$limit "$(ulimit -H -$limit)"; done
  ulimit -S -s 8192 || ulimit -S -s "$(ulimit -H -s)"
} 2>/dev/null
exec "$@"`;

function withOwnLimits(words: readonly string[]): string[] {
  return existsSync(SHELL) ? [SHELL, '-c', MAKE_LIMITS, 'sh', ...words] : [...words];
}

/** A descriptor. Begins a new log where the old one is long. */
export function openLog(path: string): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_BYTES) renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
}
