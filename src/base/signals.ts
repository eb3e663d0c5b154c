/** Signals by name as in POSIX and RFC 4254 section 6.10: without SIG. */
import { constants } from 'node:os';
import { EXIT_FAILURE } from './error-table.ts';

const SIGNALS: Readonly<Record<string, number | undefined>> = constants.signals;

/** 128 plus the signal number, as in shells; ssh itself exits with 255. */
export function signalExitCode(name: string): number {
  const number = SIGNALS[`SIG${name}`];
  return number === undefined ? EXIT_FAILURE : 128 + number;
}
