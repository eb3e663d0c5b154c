/** `sshpool setup`: completions, the man page and the name ssh, where they have an effect; and --undo. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { promisify } from 'node:util';
import { EXIT_FAILURE } from '../../base/error-table.ts';
import { describe } from '../../base/errors.ts';
import { ownProgram } from '../../base/launcher.ts';
import { printable } from '../../base/printable.ts';
import { statePath } from '../../base/state-file.ts';
import { usageError } from '../../base/usage-errors.ts';
import { packageFile } from '../../base/version.ts';
import { SHELLS } from '../command-table.ts';
import { findFacts } from '../setup/facts.ts';
import {
  make,
  makeDirectory,
  unmake,
  type Made,
  type MakeOutcome,
  type UndoOutcome,
} from '../setup/made.ts';
import { readRecord, writeRecord } from '../setup/record.ts';
import { COMMANDS_TO_FORGET, commandsToStart, commandsToStop } from '../setup/service.ts';
import { planOf, type Advice, type Parts, type Shell } from '../setup/steps.ts';
import { table } from '../ui.ts';
import { callRunning } from '../agent-call.ts';
import { completionScript } from './completion.ts';

export interface SetupOptions {
  readonly yes?: true;
  readonly ssh?: true;
  readonly service?: true;
  readonly undo?: true;
  readonly json?: true;
}

interface Done {
  readonly path: string;
  readonly what?: string;
  readonly outcome: MakeOutcome | UndoOutcome;
}

const TEXT: Readonly<Record<MakeOutcome | UndoOutcome, string>> = {
  made: 'made',
  updated: 'made anew',
  unchanged: 'is there',
  taken: 'NOT MADE: something else is there',
  removed: 'removed',
  kept: 'left alone: it was changed since, or is not empty',
  gone: 'was gone',
};

/** @throws SshpoolError USAGE without --yes and a terminal, SETUP_FAILED */
export async function setup(options: SetupOptions): Promise<number> {
  const record = statePath(process.env, 'setup.json') ?? join(homedir(), '.sshpool-setup.json');
  const made = await readRecord(record);
  return options.undo ? undo(record, made, options) : install(record, made, options);
}

async function install(record: string, made: Made[], options: SetupOptions): Promise<number> {
  const ours = new Set(made.map(({ path }) => path));
  const asked = { ours, service: options.service === true };
  const facts = await findFacts(process.env, homedir(), asked);
  const { steps, advice } = planOf(facts, parts(), { ssh: options.ssh === true });
  const rows = [
    ...steps.map(({ path, what }) => [`make ${shown(path)}`, what]),
    ...commandsToStart(steps).map(runRow),
  ];
  if (!(await isWanted(options, rows))) return EXIT_FAILURE;
  const done: Done[] = [];
  try {
    // First, so that --undo removes it last.
    if (steps.length > 0) await makeDirectory(dirname(record), made);
    for (const step of steps) {
      const { path, what, needs } = step;
      if (needs?.some((file) => isTaken(done, file))) continue;
      done.push({ path, what, outcome: await make(step, made) });
    }
  } finally {
    // What was made before an error can be taken back, too.
    await writeRecord(record, made);
  }
  const there = done.filter(({ outcome }) => outcome !== 'taken');
  const problems = await startService(commandsToStart(there));
  print(options, done, [...advice, ...problems]);
  return there.length < done.length || problems.length > 0 ? EXIT_FAILURE : 0;
}

const isTaken = (done: readonly Done[], file: string): boolean =>
  done.some(({ path, outcome }) => path === file && outcome === 'taken');

/** systemd starts no socket whose service runs: the agent has to end before. */
async function startService(commands: readonly (readonly string[])[]): Promise<Advice[]> {
  if (commands.length === 0) return [];
  const { activeSessions = 0 } = (await callRunning('stats', { target: null }))?.totals ?? {};
  if (activeSessions > 0) {
    const text = `the agent runs ${activeSessions} command(s); call setup again when they have ended`;
    return [{ what: 'the agent as a service', text }];
  }
  await callRunning('stop', { force: false }, { untilClosed: true });
  return runAll(commands);
}

const runRow = (command: readonly string[]): string[] => [`run ${command.join(' ')}`];

/** Those that failed, with the reason. */
async function runAll(commands: readonly (readonly string[])[]): Promise<Advice[]> {
  const problems: Advice[] = [];
  for (const [program = '', ...words] of commands) {
    try {
      await promisify(execFile)(program, words);
    } catch (thrown) {
      const { stderr = '' } = thrown as { readonly stderr?: string };
      const text = `failed: ${printable(stderr.trim().split('\n')[0] || describe(thrown))}`;
      problems.push({ what: [program, ...words].join(' '), text });
    }
  }
  return problems;
}

async function undo(record: string, made: Made[], options: SetupOptions): Promise<number> {
  const commands = commandsToStop(made);
  const rows = [...commands.map(runRow), ...made.map(({ path }) => [`remove ${shown(path)}`])];
  if (!(await isWanted(options, rows))) return EXIT_FAILURE;
  const problems = await runAll(commands);
  const done: Done[] = [];
  try {
    // The latest first, so that directories are empty.
    for (let last = made.at(-1); last !== undefined; last = made.at(-1)) {
      // Only directories that hold the list itself are left.
      if (record.startsWith(`${last.path}/`)) await writeRecord(record, []);
      done.push({ path: last.path, outcome: await unmake(last) });
      made.pop();
    }
  } finally {
    await writeRecord(record, made);
  }
  // Only now does systemd forget what it has read.
  if (commands.length > 0) problems.push(...(await runAll(COMMANDS_TO_FORGET)));
  print(options, done, problems);
  return problems.length > 0 ? EXIT_FAILURE : 0;
}

function parts(): Parts {
  const completions = Object.fromEntries(
    SHELLS.map((shell) => [shell, completionScript(shell) ?? '']),
  ) as Record<Shell, string>;
  const manPage = readFileSync(packageFile('man/sshpool.1'), 'utf8');
  return { completions, manPage, program: ownProgram() };
}

/** Shows what would be done, and asks. @throws SshpoolError USAGE where no one can be asked */
async function isWanted(
  { yes, json }: SetupOptions,
  rows: readonly (readonly string[])[],
): Promise<boolean> {
  if (yes || rows.length === 0) return true;
  if (json) throw usageError('NEEDS_YES', {});
  for (const line of table(rows)) say(line);
  if (!process.stdin.isTTY) throw usageError('NEEDS_YES', {});
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // End of file is a no.
  const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
  const answer = await Promise.race([lines.question('Go on? [y/N] '), closed]);
  lines.close();
  return /^y(es)?$/i.test(answer.trim());
}

function print({ json }: SetupOptions, done: readonly Done[], advice: readonly Advice[]): void {
  if (json) return say(JSON.stringify({ done, advice }, null, 2));
  if (done.length === 0 && advice.length === 0) say('nothing to do');
  const rows = done.map(({ path, outcome }) => [shown(path), TEXT[outcome]]);
  for (const line of table(rows)) say(line);
  for (const { what, text } of advice) say(`${what}: ${text}`);
}

/** With ~ for the home directory. */
function shown(path: string): string {
  const home = homedir();
  return path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
