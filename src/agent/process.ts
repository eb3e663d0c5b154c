/** The agent's process: where its log lines go, and what signals and unhandled errors do to it. */
import { writeSync } from 'node:fs';
import type { Agent } from './lifecycle.ts';

export const STDERR_FD = 2;

/** Not process.stderr: a stream error (disk full) would end the process. What it returns throws the system's error. */
export function logWriter(descriptor: number): (line: string) => void {
  return (line) => void writeSync(descriptor, line);
}

/** Signals stop the agent; unhandled errors do not, since it runs the commands of other callers. */
export function guardProcess(agent: Agent): void {
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => agent.stop({ force: true }));
  }
  process.on('uncaughtException', (thrown) => agent.log.fault(thrown));
  process.on('unhandledRejection', (reason) => agent.log.fault(reason));
}
