/**
 * The agent's log: one line an event, with its time. Never a command, an answer, a key or an
 * environment value.
 */
import { printableLine } from './printable.ts';
import type { Clock } from './time.ts';

export interface Log {
  info(text: string): void;
}

/** Writes lines through `write`, each with an ISO 8601 time in front. */
export function createLog(clock: Clock, write: (line: string) => void): Log {
  return {
    info: (text) => write(`${new Date(clock.now()).toISOString()} ${printableLine(text)}\n`),
  };
}
