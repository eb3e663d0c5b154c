/** Commands on one host, by a function that whoever calls us gives. */
import { SshpoolError } from '../base/errors.ts';

export interface RemoteResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/**
 * Runs a command line through the login shell of the host. Resolves whatever its status; rejects
 * where it could not be run, or not be followed to its end.
 */
export type RunRemote = (command: string) => Promise<RemoteResult>;

/** What it printed. @throws SshpoolError COMMAND_FAILED, and as `run` */
export async function outputOf(run: RunRemote, command: string): Promise<string> {
  const { stdout, stderr, exitCode } = await run(command);
  if (exitCode === 0) return stdout;
  throw SshpoolError.of('COMMAND_FAILED', { exitCode, stderr: stderr.trim() });
}

/**
 * One word for a POSIX shell, whatever is in it (and for fish and csh, but for a few signs that they
 * act on within quotes too). @throws SshpoolError BAD_INPUT for a NUL, which no command holds
 */
export function quote(word: string, field: string): string {
  if (word.includes('\0')) throw SshpoolError.of('BAD_INPUT', { field, problem: 'it holds a NUL' });
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
