/** The agent's log. Never contains a command, an answer, a key or the value of an environment variable. */
import { printableLine } from './printable.ts';
import type { Clock } from './time.ts';

export const LOG_LEVELS = ['info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Log {
  level: LogLevel;
  info(text: string): void;
  debug(text: () => string): void;
  /** For an unexpected error: logs it with its stack, and counts it. */
  fault(thrown: unknown): void;
  readonly counts: LogCounts;
}

export interface LogCounts {
  readonly dropped: number;
  readonly faults: number;
}

/** A line that cannot be written (disk full) is dropped and counted: no call may fail because of the log. */
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
