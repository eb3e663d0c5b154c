/** Signals by their names, as POSIX and RFC 4254 section 6.10 have them: without SIG. */
import { constants } from 'node:os';
import { EXIT_FAILURE } from './errors.ts';

const SIGNALS: Readonly<Record<string, number | undefined>> = constants.signals;

/** 128 and the number of the signal, as shells have it; ssh itself gives 255. */
export function signalExitCode(name: string): number {
  const number = SIGNALS[`SIG${name}`];
  return number === undefined ? EXIT_FAILURE : 128 + number;
}
