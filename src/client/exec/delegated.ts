/** Runs a call that the agent delegated to another program. */
import type { CommandName } from '../../config/command-line/call-args.ts';
import { CALL_COMMANDS } from '../../config/command-line/command-line.ts';
import { elapsedMs } from './elapsed.ts';
import type { MessageOf } from '../call/call.ts';
import type { TimeLimit } from './run-program.ts';

/** Resolves to the exit status. @throws SshpoolError as runSsh */
export async function runDelegated(
  { to, argv }: MessageOf<'delegate'>,
  { command, words }: { readonly command: CommandName; readonly words: readonly Buffer[] },
  help: () => Promise<void>,
): Promise<number> {
  if (to === 'ssh') {
    const { runSsh } = await import('./run-program.ts');
    return runSsh(argv.map(String), timeLimit(command, words));
  }
  await help();
  return 0;
}

/** ssh itself has no time limit. */
function timeLimit(command: CommandName, words: readonly Buffer[]): TimeLimit | undefined {
  const args = CALL_COMMANDS[command].parse(words);
  const timeoutMs = args.kind === 'call' ? args.timeoutMs : undefined;
  return timeoutMs === undefined ? undefined : { timeoutMs, leftMs: timeoutMs - elapsedMs() };
}
