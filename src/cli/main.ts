/**
 * The program: exec, ssh, shell and warm go straight to the agent, whose parser reads their words;
 * all other commands load what they need.
 */
import { basename } from 'node:path';
import { SshpoolError, type ErrorCode } from '../base/errors.ts';
import { printable } from '../base/printable.ts';
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

/**
 * Commands that read their words themselves, which may be those of other programs. Each resolves to
 * its status, or to undefined where the words ask for help.
 */
const READERS: Readonly<Record<string, () => Promise<Reader>>> = {
  wrap: async () => (await import('./commands/wrap.ts')).wrap,
  compose: async () => (await import('./commands/compose.ts')).compose,
  resources: async () => (await import('./commands/resources.ts')).resources,
  'docker-sock': async () => (await import('./commands/docker-sock.ts')).dockerSock,
  warm: async () => (await import('./commands/warm.ts')).warm,
};
type Reader = (argv: readonly string[]) => Promise<number | undefined>;

/** Resolves to the exit status when everything is written. */
async function main(words: readonly string[]): Promise<number> {
  const [command = '', ...argv] = words;
  if (command === 'exec' || command === 'shell') return call(command, argv);
  if (command === 'ssh') return ssh(argv);
  const load = Object.hasOwn(READERS, command) ? READERS[command] : undefined;
  if (load === undefined) return printing(() => run(words));
  const read = await load();
  return (await read(argv)) ?? printing(() => run(['help', command]));
}

function call(command: CommandName, argv: readonly string[]): Promise<number> {
  const ui = execUi(() => printing(async () => void (await run(['help', command]))));
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

/** The commands that are left, by commander. */
async function run(argv: readonly string[]): Promise<number> {
  const program = await import('./program.ts');
  return program.run(argv);
}

/** Known errors are one line; anything else is a fault of ours and shows where it happened. */
function report(thrown: unknown): number {
  const error = SshpoolError.from(thrown);
  printError(`sshpool: ${error.message}`);
  if (error.code === 'INTERNAL' && error.cause instanceof Error)
    printError(printable(error.cause.stack ?? ''));
  return error.exitCode;
}

const [, program = '', ...given] = process.argv;

// Standard input may never end, so nothing is waited for.
void main(SSH_NAMES.includes(basename(program)) ? ['ssh', ...given] : given)
  .catch(report)
  .then((status) => process.exit(status));
