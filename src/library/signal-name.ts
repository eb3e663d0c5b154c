/** Checks a signal's name. Without zod, which `sshpool exec` under Node does not load. */
import { SshpoolError } from '../base/errors.ts';
import type { SignalName } from './types.ts';

const NAMES: ReadonlySet<SignalName> = new Set([
  'HUP',
  'INT',
  'QUIT',
  'TERM',
  'KILL',
  'USR1',
  'USR2',
]);

/** @throws SshpoolError BAD_INPUT */
export function checkSignal(given: SignalName): void {
  if (NAMES.has(given)) return;
  const problem = 'must be HUP, INT, QUIT, TERM, KILL, USR1 or USR2';
  throw SshpoolError.of('BAD_INPUT', { field: 'signal', problem });
}
