/**
 * The program: exec and warm go straight to the agent, whose parser reads their words; all other
 * commands load what they need.
 */
import { SshpoolError } from '../base/errors.ts';
import { programVersion } from '../base/version.ts';
import { exec } from '../client/exec.ts';
import { execUi, printError, printing } from './ui.ts';
import { ourPaths } from './agent-call.ts';

/** Resolves to the exit status when everything is written. */
async function main([command, ...argv]: readonly string[]): Promise<number> {
  if (command === 'exec') {
    const ui = execUi(() => printing(() => help('exec')));
    return exec(argv, { paths: ourPaths(), version: programVersion(), ui });
  }
  return printing(async () => {
    if (command === 'warm') {
      const { warm } = await import('./commands/warm.ts');
      return (await warm(argv)) ?? help('warm').then(() => 0);
    }
    const { run } = await import('./program.ts');
    return run(command === undefined ? [] : [command, ...argv]);
  });
}

async function help(command: string): Promise<void> {
  const { run } = await import('./program.ts');
  await run(['help', command]);
}

/** Known errors are one line; anything else is a fault of ours and shows where it happened. */
function report(thrown: unknown): number {
  const error = SshpoolError.from(thrown);
  printError(`sshpool: ${error.message}`);
  if (error.code === 'INTERNAL' && error.cause instanceof Error)
    printError(error.cause.stack ?? '');
  return error.exitCode;
}

// Standard input may never end, so nothing is waited for.
void main(process.argv.slice(2))
  .catch(report)
  .then((status) => process.exit(status));
