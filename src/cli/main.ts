/** The program: finds the command, and loads only the modules that it needs. */
import { basename } from 'node:path';
import { isatty } from 'node:tty';
import { EXIT_FAILURE } from '../base/error-table.ts';
import { SshpoolError } from '../base/errors.ts';
import { printable } from '../base/printable.ts';
import { throwGivenUp } from '../client/exec/given-up.ts';
import { wordBytes } from '../client/words.ts';
import type { CommandName } from '../config/command-line/call-args.ts';
import { CALL_COMMANDS } from '../config/command-line/command-line.ts';
import { exec } from './commands/exec.ts';
import { CALLED_AS, PACKAGE_BIN } from '../wire/start.ts';
import { execUi, printError, printing } from './ui.ts';

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
  if (command === 'exec' || command === 'shell' || command === 'ssh') return call(command, argv);
  const load = Object.hasOwn(READERS, command) ? READERS[command] : undefined;
  if (load === undefined) return printing(() => run(words));
  const read = await load();
  return (await read(argv)) ?? printing(() => run(['help', command]));
}

async function call(command: CommandName, argv: readonly string[]): Promise<number> {
  const ui = execUi(() => printing(async () => void (await run(['help', command]))));
  const words = wordBytes(argv);
  try {
    throwGivenUp();
    if (command !== 'exec' || needsTerminal(words)) {
      const { withoutLauncher } = await import('./without-launcher.ts');
      return await withoutLauncher(command, words, ui);
    }
    return await exec(words, ui);
  } catch (thrown) {
    const { withoutAgent } = await import('../client/exec/fallback.ts');
    return withoutAgent(thrown, { command, words, ui });
  }
}

function needsTerminal(words: readonly Buffer[]): boolean {
  // Most calls have no word that could be -t, and parsing takes 2 ms in a program that has just started.
  if (!words.some((word) => /^-.*t/.test(String(word)))) return false;
  const args = CALL_COMMANDS.exec.parse(words);
  return args.kind === 'call' && (args.tty === 'force' || (args.tty === 'request' && isatty(0)));
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

// The name of a script that started this program (bin/sshpool.sh) is the one that the user called.
const [, program = '', ...given] = process.argv;
const { [CALLED_AS]: name = program } = process.env;
delete process.env[CALLED_AS];
delete process.env[PACKAGE_BIN];

// The status where nothing is left to wait for and no result has come: that is a bug, and no success.
process.exitCode = EXIT_FAILURE;
// Standard input may never end, so process.exit does not wait for it.
void main(SSH_NAMES.includes(basename(name)) ? ['ssh', ...given] : given)
  .catch(report)
  .then((status) => process.exit(status));
