/** The program: finds the command, and loads only the modules that it needs. */
import { basename } from 'node:path';
import { SshpoolError } from '../base/errors.ts';
import { printable } from '../base/printable.ts';
import { SSH_TRIED } from '../base/programs.ts';
import { programVersion } from '../base/version.ts';
import { exec } from '../client/exec/exec.ts';
import { wordBytes } from '../client/words.ts';
import type { CommandName } from '../config/command-line/call-args.ts';
import { execUi, printError, printing } from './ui.ts';
import { ourPaths } from './agent-call.ts';

/** Called by these names, the program takes the arguments of ssh. */
const SSH_NAMES: readonly string[] = ['ssh', 'sshpool-ssh'];

/** They parse their own words, as some are for other programs; undefined where these ask for help. */
const READERS: Readonly<Record<string, () => Promise<Reader>>> = {
  wrap: async () => (await import('./commands/wrap.ts')).wrap,
  compose: async () => (await import('./commands/compose.ts')).compose,
  resources: async () => (await import('./commands/resources.ts')).resources,
  'docker-sock': async () => (await import('./commands/docker-sock.ts')).dockerSock,
  warm: async () => (await import('./commands/warm.ts')).warm,
};
type Reader = (argv: readonly string[]) => Promise<number | undefined>;

async function main(words: readonly string[]): Promise<number> {
  const [command = '', ...argv] = words;
  if (command === 'exec' || command === 'shell') return call(command, argv);
  if (command === 'ssh') return ssh(argv);
  const load = Object.hasOwn(READERS, command) ? READERS[command] : undefined;
  if (load === undefined) return printing(() => run(words));
  const read = await load();
  return (await read(argv)) ?? printing(() => run(['help', command]));
}

async function call(command: CommandName, argv: readonly string[]): Promise<number> {
  const ui = execUi(() => printing(async () => void (await run(['help', command]))));
  const words = wordBytes(argv);
  try {
    return await exec(command, words, { paths: ourPaths(), version: programVersion(), ui });
  } catch (thrown) {
    const { withoutAgent } = await import('../client/exec/fallback.ts');
    return withoutAgent(thrown, { command, words, ui });
  }
}

async function ssh(argv: readonly string[]): Promise<number> {
  if (!isDirectoryGone() && process.env[SSH_TRIED] === undefined) return call('ssh', argv);
  const real = await import('../client/exec/run-program.ts');
  return real.runSsh(argv);
}

/** The agent needs the working directory; ssh works without one. */
function isDirectoryGone(): boolean {
  try {
    process.cwd();
    return false;
  } catch {
    return true; // cwd() has no other error
  }
}

async function run(argv: readonly string[]): Promise<number> {
  const program = await import('./program.ts');
  return program.runCli(argv);
}

/** Known errors are printed as one line; any other is a bug and is printed with its stack. */
function report(thrown: unknown): number {
  const error = SshpoolError.from(thrown);
  printError(`sshpool: ${error.message}`);
  if (error.code === 'INTERNAL' && error.cause instanceof Error)
    printError(printable(error.cause.stack ?? ''));
  return error.exitCode;
}

const [, program = '', ...given] = process.argv;

// Standard input may never end, so process.exit does not wait for it.
void main(SSH_NAMES.includes(basename(program)) ? ['ssh', ...given] : given)
  .catch(report)
  .then((status) => process.exit(status));
