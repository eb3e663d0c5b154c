/**
 * The program: exec, ssh, shell and warm go straight to the agent, whose parser reads their words;
 * all other commands load what they need.
 */
import { basename } from 'node:path';
import { SshpoolError, type ErrorCode } from '../base/errors.ts';
import { programVersion } from '../base/version.ts';
import { exec } from '../client/exec.ts';
import { bytesOf } from '../client/words.ts';
import type { CommandName } from '../config/call-args.ts';
import { execUi, printError, printing } from './ui.ts';
import { ourPaths } from './agent-call.ts';

/** The names under which the program is ssh, and its words are those of ssh. */
const SSH_NAMES: readonly string[] = ['ssh', 'sshpool-ssh'];

/** What may be wrong with the real ssh. */
const OF_SSH_ITSELF: ReadonlySet<ErrorCode> = new Set([
  'NO_SSH',
  'SSH_LOOP',
  'NO_TOOL',
  'TOOL_FAILED',
]);

/** Resolves to the exit status when everything is written. */
async function main([command, ...argv]: readonly string[]): Promise<number> {
  switch (command) {
    case 'exec':
    case 'shell':
      return call(command, argv);
    case 'ssh':
      return ssh(argv);
    case 'wrap': {
      const { wrap } = await import('./commands/wrap.ts');
      return (await wrap(argv)) ?? printing(() => help('wrap'));
    }
    case 'compose': {
      const { compose } = await import('./commands/compose.ts');
      return (await compose(argv)) ?? printing(() => help('compose'));
    }
    case 'resources':
      return printing(async () => {
        const { resources } = await import('./commands/resources.ts');
        return (await resources(argv)) ?? help('resources');
      });
    case 'docker-sock': {
      const { dockerSock } = await import('./commands/docker-sock.ts');
      return (await dockerSock(argv)) ?? printing(() => help('docker-sock'));
    }
    case 'warm':
      return printing(async () => {
        const { warm } = await import('./commands/warm.ts');
        return (await warm(argv)) ?? help('warm');
      });
    default:
      return printing(async () => {
        const { run } = await import('./program.ts');
        return run(command === undefined ? [] : [command, ...argv]);
      });
  }
}

function call(command: CommandName, argv: readonly string[]): Promise<number> {
  const ui = execUi(() => printing(async () => void (await help(command))));
  return exec(command, bytesOf(argv), { paths: ourPaths(), version: programVersion(), ui });
}

/** What works with ssh works with us, also where our agent does not. */
async function ssh(argv: readonly string[]): Promise<number> {
  if (isDirectoryGone()) return runSsh(argv);
  try {
    return await call('ssh', argv);
  } catch (thrown) {
    // Thrown is only what is wrong before the agent was told of the call, or of the real ssh.
    const { code, message } = SshpoolError.from(thrown);
    if (OF_SSH_ITSELF.has(code)) throw thrown;
    printError(`sshpool: ${message}; this call goes through ssh itself`);
    return runSsh(argv);
  }
}

async function runSsh(argv: readonly string[]): Promise<number> {
  const real = await import('../client/run-program.ts');
  return real.runSsh(argv);
}

/** The agent is told the working directory; ssh can do without one. */
function isDirectoryGone(): boolean {
  try {
    process.cwd();
    return false;
  } catch {
    return true; // which is all that this can mean
  }
}

async function help(command: string): Promise<number> {
  const { run } = await import('./program.ts');
  return run(['help', command]);
}

/** Known errors are one line; anything else is a fault of ours and shows where it happened. */
function report(thrown: unknown): number {
  const error = SshpoolError.from(thrown);
  printError(`sshpool: ${error.message}`);
  if (error.code === 'INTERNAL' && error.cause instanceof Error)
    printError(error.cause.stack ?? '');
  return error.exitCode;
}

const [, program = '', ...words] = process.argv;

// Standard input may never end, so nothing is waited for.
void main(SSH_NAMES.includes(basename(program)) ? ['ssh', ...words] : words)
  .catch(report)
  .then((status) => process.exit(status));
