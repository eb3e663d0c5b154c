/**
 * The agent's log: one line per event, with its time. Never contains a command, an answer, a key or the
 * value of an environment variable.
 */
import { printableLine } from './printable.ts';
import type { Clock } from './time.ts';

export const LOG_LEVELS = ['info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Log {
  level: LogLevel;
  info(text: string): void;
  /** Calls `text` only if the level is debug. */
  debug(text: () => string): void;
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
export function createLog(
  clock: Clock,
  write: (line: string) => void,
  level: LogLevel = 'info',
): Log {
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
  const log: Log = {
    level,
    info,
    debug: (text) => {
      if (log.level === 'debug') info(text());
    },
    fault,
    counts,
  };
  return log;
}
