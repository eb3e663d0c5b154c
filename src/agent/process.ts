/** The agent's process: where its log lines go, and what signals and unhandled errors do to it. */
import { writeSync } from 'node:fs';
import type { Agent } from './lifecycle.ts';

const STDERR_FD = 2;

/**
 * Writes to standard error synchronously. Not through process.stderr: a stream error (disk full) would
 * end the process.
 * @throws Error of the system
 */
export function writeLog(line: string): void {
  writeSync(STDERR_FD, line);
}

/**
 * Lets signals stop the agent, and keeps it running after unhandled errors: it runs the commands of
 * other callers, which one call's error must not end.
 */
export function guardProcess(agent: Agent): void {
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => agent.stop({ force: true }));
  }
  process.on('uncaughtException', (thrown) => agent.fault(thrown));
  process.on('unhandledRejection', (reason) => agent.fault(reason));
}
