/** Output for the terminal: lines on stderr, a spinner for slow steps, tables. */
import { stripVTControlCharacters } from 'node:util';
import type { Ora } from 'ora';
import type { ExecResult } from '../client/exec/result.ts';

/** A faster connect shows no spinner. */
const SPINNER_AFTER_MS = 300;

export function printError(line: string): void {
  show(`${line}\n`);
}

/** Ignores write errors (reader closed, disk full): they must not end the program. */
function show(text: string): void {
  if (process.stderr.listenerCount('error') === 0) process.stderr.on('error', () => undefined);
  process.stderr.write(text);
}

/** For work that prints on process.stdout, which a plain exec never creates; resolves when all is written. */
export async function printing<T>(work: () => T | Promise<T>): Promise<T> {
  // A closed reader is not an error: the rest of the output is not needed.
  process.stdout.on('error', () => process.exit(0));
  try {
    return await work();
  } finally {
    await new Promise<unknown>((resolve) => process.stdout.write('', resolve));
  }
}

/** Shows a spinner if stderr is a terminal and the wait is long; the returned function ends it. */
export function showWaiting(text: string): () => void {
  // In a terminal without a size (script(1) in a pipe) ora would count lines forever.
  if (!process.stderr.isTTY || !process.stderr.columns) return () => undefined;
  let spinner: Ora | undefined;
  let over = false;
  const timer = setTimeout(() => {
    // Loaded only when needed: it would slow down the start of every call.
    void import('ora').then(({ default: ora }) => {
      if (!over) spinner = ora({ text, stream: process.stderr, discardStdin: false }).start();
    });
  }, SPINNER_AFTER_MS);
  return () => {
    over = true;
    clearTimeout(timer);
    spinner?.stop();
  };
}

/** `print` adds a line end, `show` does not; both write to standard error. */
export interface ExecUi {
  /** Shows that the call takes a while; returns a function that ends that. */
  waiting(target: string): () => void;
  print(line: string): void;
  show(text: string): void;
  printResult(result: ExecResult): Promise<void>;
  help(): Promise<void>;
}

/** The output of `sshpool exec`: sshpool itself prints nothing on stdout but the result of --json. */
export function execUi(help: () => Promise<void>): ExecUi {
  return {
    waiting: (target) => showWaiting(`connecting to ${target}`),
    print: printError,
    show,
    printResult: (result) =>
      printing(() => void process.stdout.write(`${JSON.stringify(result)}\n`)),
    help,
  };
}

export const shownWidth = (text: string): number => stripVTControlCharacters(text).length;

/** Columns with two spaces between, aligned left. No trailing blanks. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, shownWidth(cell))));
  }
  return rows.map((row) =>
    row
      .map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - shownWidth(cell)))
      .join('  ')
      .trimEnd(),
  );
}
