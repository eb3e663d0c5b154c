/**
 * The program: what opens a session, and warm, goes straight to the agent, whose parser reads their
 * words; all other commands load what they need.
 */
import { basename } from 'node:path';
import { SshpoolError } from '../base/errors.ts';
import { programVersion } from '../base/version.ts';
import { exec } from '../client/exec.ts';
import type { CommandName } from '../config/call-args.ts';
import { execUi, printError, printing } from './ui.ts';
import { ourPaths } from './agent-call.ts';

const SESSIONS: ReadonlySet<string | undefined> = new Set(['exec', 'ssh', 'shell']);

/** Resolves to the exit status when everything is written. */
async function main([command, ...argv]: readonly string[]): Promise<number> {
  if (isSession(command)) {
    const ui = execUi(() => printing(() => help(command)));
    try {
      return await exec(command, argv, { paths: ourPaths(), version: programVersion(), ui });
    } catch (thrown) {
      if (command === 'ssh') return doWithoutAgent(argv, thrown);
      throw thrown;
    }
  }
  return printing(async () => {
    if (command === 'warm') {
      const { warm } = await import('./commands/warm.ts');
      return (await warm(argv)) ?? help('warm').then(() => 0);
    }
    if (command === 'wrap') {
      const { wrap } = await import('./commands/wrap.ts');
      return (await wrap(argv)) ?? help('wrap').then(() => 0);
    }
    const { run } = await import('./program.ts');
    return run(command === undefined ? [] : [command, ...argv]);
  });
}

function isSession(command: string | undefined): command is CommandName {
  return SESSIONS.has(command);
}

/** A tool whose ssh we are gets its connection, if a slower one. */
async function doWithoutAgent(argv: readonly string[], thrown: unknown): Promise<number> {
  printError(`sshpool: ${SshpoolError.from(thrown).message}; this goes through ssh itself`);
  const { becomeSsh } = await import('../client/become-ssh.ts');
  return becomeSsh(argv.map((word) => Buffer.from(word)));
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

/** Called as ssh, we are `sshpool ssh`. */
const [, program = '', ...words] = process.argv;
const isSsh = ['ssh', 'sshpool-ssh'].includes(basename(program));

// Standard input may never end, so nothing is waited for.
void main(isSsh ? ['ssh', ...words] : words)
  .catch(report)
  .then((status) => process.exit(status));
