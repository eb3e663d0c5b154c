/** Runs commands on one host, by a function that the caller provides. */
import { SshpoolError } from '../base/errors.ts';
import { printableLine } from '../base/printable.ts';

export interface RemoteResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** Through the login shell; resolves with any exit status. Rejects if the end could not be observed. */
export type RunRemote = (command: string) => Promise<RemoteResult>;

/** Characters of a command's message in an error; docker can print a lot. */
const SAID_MAX = 2000;
const NOT_FOUND = 127;

/** @throws SshpoolError COMMAND_FAILED with the command's message on one line, and as `run` */
export async function outputOf(run: RunRemote, command: string, program: string): Promise<string> {
  const { stdout, stderr, exitCode } = await run(command);
  if (exitCode === 0) return stdout;
  const said = printableLine(stderr) || printableLine(stdout) || 'it said nothing';
  // The reason is at the end; warnings and progress come before it.
  const end = said.length > SAID_MAX ? `…${said.slice(-SAID_MAX)}` : said;
  const hint = `is ${program} there, and in the PATH of a shell that is not interactive?`;
  const reason = exitCode === NOT_FOUND ? `${end} (${hint})` : end;
  throw SshpoolError.of('COMMAND_FAILED', { exitCode, stderr: reason });
}

/** For any shell of the host. @throws SshpoolError BAD_INPUT for a NUL, which no command can contain */
export function quote(word: string, field: string): string {
  if (word.includes('\0')) throw SshpoolError.of('BAD_INPUT', { field, problem: 'it holds a NUL' });
  // zsh replaces a word that begins with = by the path of that program.
  if (/^[\w@%+:,./-][\w@%+=:,./-]*$/.test(word)) return word;
  // Outside the quotes: the quote itself, the backslash (special to fish between them), and ! (to csh).
  return `'${word.replaceAll(/['\\!]/g, "'\\$&'")}'`;
}
