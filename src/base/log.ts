/**
 * The agent's log: one line an event, with its time. Never a command, an answer, a key or an
 * environment value.
 */
import { printableLine } from './printable.ts';
import type { Clock } from './time.ts';

export interface Log {
  info(text: string): void;
  /** Logs and counts an error that no code expected, with its stack. */
  fault(thrown: unknown): void;
  readonly counts: LogCounts;
}

export interface LogCounts {
  /** Lines that could not be written. */
  readonly dropped: number;
  /** Errors given to `fault`. */
  readonly faults: number;
}

/**
 * Writes lines through `write`, each with an ISO 8601 time in front. A line for which `write` throws
 * (the disk is full) is dropped and counted: no call may fail because of the log.
 */
export function createLog(clock: Clock, write: (line: string) => void): Log {
  const counts = { dropped: 0, faults: 0 };
  const info = (text: string): void => {
    const line = printableLine(text);
    try {
      write(`${new Date(clock.now()).toISOString()} ${line}\n`);
    } catch {
      counts.dropped++;
    }
  };
  const fault = (thrown: unknown): void => {
    counts.faults++;
    const stack = thrown instanceof Error ? thrown.stack : undefined;
    info(`unexpected error: ${stack ?? String(thrown)}`);
  };
  return { info, fault, counts };
}
