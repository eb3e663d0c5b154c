/** Runs a call of exec that the agent delegated to another program. */
import { CALL_COMMANDS } from '../../config/command-line/command-line.ts';
import { timeLimit } from './elapsed.ts';
import type { MessageOf } from '../call/call.ts';

/** `words`: those of exec. Resolves to the exit status. @throws SshpoolError as runSsh */
export async function runDelegated(
  { to, argv }: MessageOf<'delegate'>,
  words: readonly Buffer[],
  help: () => Promise<void>,
): Promise<number> {
  if (to === 'ssh') {
    const { runSsh } = await import('./run-program.ts');
    const args = CALL_COMMANDS.exec.parse(words);
    // ssh itself has no time limit.
    const limit = timeLimit(args.kind === 'call' ? args.timeoutMs : undefined);
    return runSsh(argv.map(String), limit);
  }
  await help();
  return 0;
}
