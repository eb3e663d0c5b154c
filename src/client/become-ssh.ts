/**
 * ssh itself in our place, with the same words and streams. Node cannot replace itself by another
 * program, so that it waits for its end and ends alike.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { EXIT_FAILURE, SshpoolError, describe } from '../base/errors.ts';
import { realSsh } from '../config/real-ssh.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** Resolves to its exit status; where a signal ended it, that ends us too. */
export async function becomeSsh(argv: readonly Buffer[]): Promise<number> {
  const words = argv.map((word) => word.toString());
  return becomeProgram(realSsh(process.env), words, process.env);
}

/** @throws SshpoolError NOT_RUN where it cannot be started */
export function becomeProgram(
  program: string,
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const child = spawn(program, argv, { stdio: 'inherit', env });
  // What a terminal sends goes to both of us, and is not to end us before it.
  const pass = (name: NodeJS.Signals): void => void child.kill(name);
  for (const name of SIGNALS) process.on(name, pass);
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      const problem = error.code === 'ENOENT' ? 'there is no such program' : describe(error);
      reject(SshpoolError.of('NOT_RUN', { program, problem }, error));
    });
    child.once('exit', (code, signal) => {
      for (const name of SIGNALS) process.off(name, pass);
      if (signal === null) return resolve(code ?? EXIT_FAILURE);
      process.kill(process.pid, signal);
      // One that does not end us, or not yet.
      resolve(128 + constants.signals[signal]);
    });
  });
}
