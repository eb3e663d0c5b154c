/** The real ssh in our place, for what is not ours to do. */
import { SshpoolError } from '../base/errors.ts';
import { realSsh } from '../base/programs.ts';
import { runProgram } from './run-program.ts';

/** Resolves to its exit status. @throws SshpoolError NO_SSH */
export function runSsh(args: readonly string[]): Promise<number> {
  // The working directory may be gone, and ssh does not need it.
  const program = realSsh(process.env, '.');
  if (program === undefined) throw SshpoolError.of('NO_SSH', {});
  return runProgram(program, args, process.env);
}
