/** Makes a call through ssh itself if the agent fails before the command can have run. */
import type { ErrorCode } from '../../base/error-table.ts';
import { SshpoolError } from '../../base/errors.ts';
import type { CallArgs, CommandName } from '../../config/command-line/call-args.ts';
import { CALL_COMMANDS } from '../../config/command-line/command-line.ts';
import { plainSshWords } from '../../config/command-line/plain-ssh.ts';
import { allowsFallback } from '../../config/settings/settings.ts';
import { timeLimit } from './elapsed.ts';
import { failed, resultOf, type ExecResult } from './result.ts';

/** What ssh itself would not mend: its own failures, and mistakes of the caller. */
const OF_SSH: ReadonlySet<ErrorCode> = new Set(['NO_SSH', 'SSH_LOOP', 'NO_TOOL', 'TOOL_FAILED']);
const OF_THE_CALLER: ReadonlySet<ErrorCode> = new Set([
  'USAGE',
  'BAD_SETTING',
  'BAD_COMMAND',
  'NO_DIRECTORY',
  'NO_USER',
]);

export interface FallbackUi {
  print(line: string): void;
  printResult(result: ExecResult): Promise<void>;
  help(): Promise<void>;
}

export interface FailedCall {
  readonly command: CommandName;
  readonly words: readonly Buffer[];
  readonly ui: FallbackUi;
}

/** Resolves to ssh's exit status. @throws SshpoolError `failure` if ssh must not make the call; as runSsh */
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
  ui: FallbackUi,
  timeoutMs?: number,
): Promise<number> {
  // Part of the time limit has passed; if nothing is left, nothing is run.
  const limit = timeLimit(timeoutMs);
  if (limit !== undefined && limit.leftMs <= 0) throw SshpoolError.of('TIMED_OUT', limit);
  ui.print(`sshpool: ${message}; this call goes through ssh itself`);
  const { runSsh } = await import('./run-program.ts');
  return runSsh(words, limit);
}

function failedResult(error: SshpoolError, { target }: CallArgs): ExecResult {
  return resultOf(target.text, failed(error), { stdout: [], stderr: [] });
}
