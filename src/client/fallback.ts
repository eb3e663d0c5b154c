/**
 * Makes a call without the agent: if the agent fails before the command can have run, ssh itself makes
 * the call.
 */
import type { ErrorCode } from '../base/error-table.ts';
import { SshpoolError } from '../base/errors.ts';
import type { CallArgs, CommandName } from '../config/call-args.ts';
import { CALL_COMMANDS } from '../config/command-line.ts';
import { plainSshWords } from '../config/plain-ssh.ts';
import { allowsFallback } from '../config/settings.ts';
import { elapsedMs } from './elapsed.ts';
import { failed, resultOf, type ExecResult } from './exec-result.ts';
import type { ExecUi } from './exec.ts';

/** Failures of the real ssh. */
const OF_SSH: ReadonlySet<ErrorCode> = new Set(['NO_SSH', 'SSH_LOOP', 'NO_TOOL', 'TOOL_FAILED']);
/** Mistakes of the command line, of the settings and of the caller. */
const OF_THE_CALLER: ReadonlySet<ErrorCode> = new Set([
  'USAGE',
  'BAD_SETTING',
  'BAD_COMMAND',
  'NO_DIRECTORY',
  'NO_USER',
]);

/** The call that failed, and its arguments as given. */
export interface FailedCall {
  readonly command: CommandName;
  readonly words: readonly Buffer[];
  readonly ui: ExecUi;
}

/**
 * Makes a call through ssh itself and says so in one line; resolves to its exit status.
 * @throws SshpoolError the call's original failure if ssh cannot or must not make the call
 */
export async function withoutAgent(failure: unknown, call: FailedCall): Promise<number> {
  const error = SshpoolError.from(failure);
  if (OF_SSH.has(error.code)) throw error;
  // `sshpool ssh` always falls back to ssh; for the other commands a setting can forbid it.
  const command = CALL_COMMANDS[call.command];
  if (command.isSsh) return throughSsh(error, call.words.map(String), call.ui);
  if (OF_THE_CALLER.has(error.code)) throw error;
  const args = command.parse(call.words);
  if (args.kind === 'help') {
    await call.ui.help();
    return 0;
  }
  if (args.kind === 'delegate') return throughSsh(error, call.words.map(String), call.ui);
  if (args.json) await call.ui.printResult(failedResult(error, args));
  if (args.json || !allowsFallback(process.env)) throw error;
  return throughSsh(error, plainSshWords(args).map(String), call.ui, args.timeoutMs);
}

async function throughSsh(
  { message }: SshpoolError,
  words: readonly string[],
  ui: ExecUi,
  timeoutMs?: number,
): Promise<number> {
  // Part of the time limit has passed; if nothing is left, nothing is run.
  const leftMs = timeoutMs === undefined ? Infinity : timeoutMs - elapsedMs();
  if (timeoutMs !== undefined && leftMs <= 0) throw SshpoolError.of('TIMED_OUT', { timeoutMs });
  ui.print(`sshpool: ${message}; this call goes through ssh itself`);
  const { runSsh } = await import('./run-program.ts');
  return runSsh(words, timeoutMs === undefined ? undefined : { timeoutMs, leftMs });
}

function failedResult(error: SshpoolError, { target }: CallArgs): ExecResult {
  return resultOf(target.text, failed(error), { stdout: [], stderr: [] });
}
