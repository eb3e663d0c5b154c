/** Parses stats, close, agent, completion and help with commander; the others read their own words. */
import { Command, CommanderError, Option } from 'commander';
import type { SshpoolError } from '../base/errors.ts';
import { usageError } from '../base/usage-errors.ts';
import { programVersion } from '../base/version.ts';
import { nearest } from '../config/command-line/nearest.ts';
import type { OptionSpec } from '../config/command-line/options.ts';
import { COMMANDS, SHELLS, type CommandSpec } from './command-table.ts';
import * as agent from './commands/agent.ts';
import { close, type CloseOptions } from './commands/close.ts';
import { completionScript, printWords } from './commands/completion.ts';
import type { SetupOptions } from './commands/setup.ts';
import { stats, type StatsOptions } from './commands/stats.ts';
import { commandHelp, generalHelp } from './help.ts';

/** Resolves to the exit status. @throws SshpoolError */
export async function runCli(argv: readonly string[]): Promise<number> {
  let status = 0;
  const program = new Command('sshpool')
    .version(programVersion(), '-V, --version')
    .enablePositionalOptions()
    .helpOption(false)
    .helpCommand(false)
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureOutput({ writeErr: () => undefined });
  const actions = actionsOf((ended) => (status = ended));
  for (const spec of COMMANDS) program.addCommand(build(spec, [spec.name], actions));
  program.addCommand(helpCommand());
  program.addOption(new Option('-h, --help', ''));
  program.allowExcessArguments().action(() => {
    const [word] = program.args;
    if (word !== undefined) unknownCommand(word, COMMANDS);
    process.stdout.write(generalHelp());
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    if (thrown.exitCode === 0) return 0;
    throw notParsed(thrown, argv);
  }
  return status;
}

type Action = (...args: never[]) => Promise<void>;

/** The action of each command, by the words of its name. */
function actionsOf(ended: (status: number) => void): Readonly<Record<string, Action>> {
  const give = async (result: Promise<number>): Promise<void> => ended(await result);
  return {
    stats: (target: string | undefined, options: StatsOptions) => give(stats(target, options)),
    close: (target: string | undefined, options: CloseOptions) => give(close(target, options)),
    'agent start': () => give(agent.start()),
    'agent stop': (options: agent.StopOptions) => give(agent.stop(options)),
    'agent restart': (options: agent.StopOptions) => give(agent.restart(options)),
    'agent status': (options: { json?: true }) => give(agent.status(options)),
    'agent run': () => give(agent.runAgent()),
    'agent logs': (options: { follow?: true }) => give(agent.logs(options)),
    'agent log-level': (level: string | undefined) => give(agent.logLevel(level)),
    setup: async (options: SetupOptions) =>
      give((await import('./commands/setup.ts')).setup(options)),
    demo: async () => give((await import('./commands/demo.ts')).demo()),
    completion: (word: string, options: { hosts?: true; targets?: true }) =>
      give(completion(word, options)),
  };
}

async function completion(
  shell: string | undefined,
  options: { readonly hosts?: true; readonly targets?: true },
): Promise<number> {
  if (options.hosts) return printWords('--hosts');
  if (options.targets) return printWords('--targets');
  const script = completionScript(shell ?? '');
  if (script === undefined) throw usageError('NO_COMPLETIONS', { shell, shells: SHELLS });
  process.stdout.write(script);
  return 0;
}

function build(
  spec: CommandSpec,
  path: readonly string[],
  actions: Readonly<Record<string, Action>>,
): Command {
  const command = new Command(spec.name).exitOverride().helpOption(false).helpCommand(false);
  // An option belongs to the command before it: `agent stop --help` stops nothing.
  command.enablePositionalOptions();
  command.configureOutput({ writeErr: () => undefined }).showSuggestionAfterError(false);
  for (const { name, alias, value, text } of spec.options) {
    const flags = [alias, name].filter(Boolean).join(', ') + (value ? ` <${value}>` : '');
    command.addOption(new Option(flags, text));
  }
  if (spec.argument === 'pooled') command.argument('[host]');
  if (spec.argument === 'level') command.argument('[level]');
  if (spec.argument === 'shell') {
    command.argument('[shell]');
    command
      .addOption(new Option('--hosts').hideHelp())
      .addOption(new Option('--targets').hideHelp());
  }
  if (spec.commands) command.allowExcessArguments();
  for (const sub of spec.commands ?? []) {
    command.addCommand(build(sub, [...path, sub.name], actions));
  }
  const action = actions[path.join(' ')];
  command.action(async (...args: unknown[]) => {
    const [word] = command.args;
    if (spec.commands && word !== undefined) unknownCommand(word, spec.commands);
    if (command.opts()['help'] || action === undefined) {
      process.stdout.write(commandHelp(path, spec));
      return;
    }
    // Each action takes the arguments that commander passes for its row of the table.
    await action(...(args as never[]));
  });
  return command;
}

function helpCommand(): Command {
  return new Command('help').argument('[words...]').action((words: readonly string[]) => {
    const spec = find(words);
    process.stdout.write(spec ? commandHelp(words, spec) : generalHelp());
  });
}

/** Undefined without words. @throws SshpoolError USAGE */
function find(words: readonly string[]): CommandSpec | undefined {
  let found: CommandSpec | undefined;
  for (const word of words) {
    const among = found ? (found.commands ?? []) : COMMANDS;
    found = among.find(({ name }) => name === word);
    if (found === undefined) unknownCommand(word, among);
  }
  return found;
}

function unknownCommand(word: string, commands: readonly CommandSpec[]): never {
  const meant = nearest(word, [...commands.map(({ name }) => name), 'help']);
  throw usageError('UNKNOWN_COMMAND', { command: word, meant });
}

function notParsed(error: CommanderError, argv: readonly string[]): SshpoolError {
  const problem = error.message.replace(/^error: /, '').replaceAll("'", '');
  const wrong = /unknown option (\S+)/.exec(problem)?.[1];
  const { path, options } = placeOf(argv.filter((word) => !word.startsWith('-')));
  const spellings = options.flatMap(({ name, alias }) => (alias ? [name, alias] : [name]));
  const meant = wrong === undefined ? undefined : nearest(wrong, spellings);
  return usageError('NOT_PARSED', { problem, meant, help: ['sshpool help', ...path].join(' ') });
}

const PROGRAM_OPTIONS: readonly OptionSpec[] = [
  { name: '--help', alias: '-h', text: '' },
  { name: '--version', alias: '-V', text: '' },
];

/** The command that the words name, or the longest prefix that is one. */
function placeOf([first, second]: readonly string[]): Pick<CommandSpec, 'options'> & {
  readonly path: readonly string[];
} {
  const spec = COMMANDS.find(({ name }) => name === first);
  const sub = spec?.commands?.find(({ name }) => name === second);
  const path = [spec?.name, sub?.name].filter((name) => name !== undefined);
  return { path, options: (sub ?? spec)?.options ?? PROGRAM_OPTIONS };
}
