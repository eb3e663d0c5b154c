/** Runs a call of exec that the agent delegated to another program. */
import { CALL_COMMANDS } from '../../config/command-line/command-line.ts';
import { elapsedMs } from './elapsed.ts';
import type { MessageOf } from '../call/call.ts';
import type { TimeLimit } from './run-program.ts';

/** `words`: those of exec. Resolves to the exit status. @throws SshpoolError as runSsh */
export async function runDelegated(
  { to, argv }: MessageOf<'delegate'>,
  words: readonly Buffer[],
  help: () => Promise<void>,
): Promise<number> {
  if (to === 'ssh') {
    const { runSsh } = await import('./run-program.ts');
    return runSsh(argv.map(String), timeLimit(words));
  }
  await help();
  return 0;
}

/** ssh itself has no time limit. */
function timeLimit(words: readonly Buffer[]): TimeLimit | undefined {
  const args = CALL_COMMANDS.exec.parse(words);
  const timeoutMs = args.kind === 'call' ? args.timeoutMs : undefined;
  return timeoutMs === undefined ? undefined : { timeoutMs, leftMs: timeoutMs - elapsedMs() };
}
