/**
 * The agent's log: one line per event, with its time. Never contains a command, an answer, a key or the
 * value of an environment variable.
 */
import { printableLine } from './printable.ts';
import type { Clock } from './time.ts';

export interface Log {
  info(text: string): void;
  /** Logs and counts an unexpected error, with its stack. */
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
 * Writes lines through `write`, each with a leading ISO 8601 time. A line for which `write` throws
 * (disk full) is dropped and counted: no call may fail because of the log.
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
