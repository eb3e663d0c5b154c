/** Commands on one host, by a function that whoever calls us gives. */
import { SshpoolError } from '../base/errors.ts';
import { printableLine } from '../base/printable.ts';

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

/** So many characters of what a command says go into an error; docker can say a lot. */
const SAID_MAX = 2000;
/** The status of every shell for a command that it does not find. */
const NOT_FOUND = 127;

/**
 * What it printed; `program` is what it needs on the host.
 * @throws SshpoolError COMMAND_FAILED with what it said, on one line, and as `run`
 */
export async function outputOf(run: RunRemote, command: string, program: string): Promise<string> {
  const { stdout, stderr, exitCode } = await run(command);
  if (exitCode === 0) return stdout;
  const said = printableLine(stderr) || printableLine(stdout) || 'it said nothing';
  // The reason is at the end; what stands before it are warnings and progress.
  const end = said.length > SAID_MAX ? `…${said.slice(-SAID_MAX)}` : said;
  const hint = `is ${program} there, and in the PATH of a shell that is not interactive?`;
  const reason = exitCode === NOT_FOUND ? `${end} (${hint})` : end;
  throw SshpoolError.of('COMMAND_FAILED', { exitCode, stderr: reason });
}

/**
 * One word, so that any shell of the host takes it as it is; `field` names it in the error.
 * @throws SshpoolError BAD_INPUT for a NUL, which no command holds
 */
export function quote(word: string, field: string): string {
  if (word.includes('\0')) throw SshpoolError.of('BAD_INPUT', { field, problem: 'it holds a NUL' });
  // zsh makes the path of a program of a word that begins with =.
  if (/^[\w@%+:,./-][\w@%+=:,./-]*$/.test(word)) return word;
  // Outside the quotes: the quote itself, the backslash, which fish acts on between single quotes,
  // and the exclamation mark, which csh does.
  return `'${word.replaceAll(/['\\!]/g, "'\\$&'")}'`;
}
