/** Runs commands on one host, by a function that the caller provides. */
import { SshpoolError } from '../base/errors.ts';
import { printableLine } from '../base/printable.ts';

export interface RemoteResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/**
 * Runs a command line through the login shell of the host. Resolves with any exit status; rejects if the
 * command could not be run, or its end could not be observed.
 */
export type RunRemote = (command: string) => Promise<RemoteResult>;

/** An error contains at most this many characters of a command's message; docker can print a lot. */
const SAID_MAX = 2000;
/** The exit status of every shell for a command that it does not find. */
const NOT_FOUND = 127;

/**
 * Resolves to the standard output; `program` is what the command needs on the host.
 * @throws SshpoolError COMMAND_FAILED with the command's message on one line, and as `run`
 */
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

/**
 * Quotes one word so that any shell of the host leaves it unchanged; `field` names it in the error.
 * @throws SshpoolError BAD_INPUT for a NUL, which no command can contain
 */
export function quote(word: string, field: string): string {
  if (word.includes('\0')) throw SshpoolError.of('BAD_INPUT', { field, problem: 'it holds a NUL' });
  // zsh replaces a word that begins with = by the path of that program.
  if (/^[\w@%+:,./-][\w@%+=:,./-]*$/.test(word)) return word;
  // Outside the quotes: the quote itself, the backslash, which is special to fish between single quotes,
  // and the exclamation mark, which is special to csh.
  return `'${word.replaceAll(/['\\!]/g, "'\\$&'")}'`;
}
