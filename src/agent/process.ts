/** The agent's process: where its log lines go, and what signals and unhandled errors do to it. */
import { writeSync } from 'node:fs';
import type { Agent } from './lifecycle.ts';

const STDERR_FD = 2;

/**
 * Writes to standard error at once. Not by process.stderr: the error of a stream (its disk is full)
 * would end the process.
 * @throws Error of the system
 */
export function writeLog(line: string): void {
  writeSync(STDERR_FD, line);
}

/**
 * Lets signals end the agent, and keeps errors that nothing handles from ending it: other callers'
 * commands run in it, and must not pay for one call's fault.
 */
export function guardProcess(agent: Agent): void {
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => agent.stop({ force: true }));
  }
  process.on('uncaughtException', (thrown) => agent.fault(thrown));
  process.on('unhandledRejection', (reason) => agent.fault(reason));
}
