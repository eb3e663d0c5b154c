/** What people see: lines on stderr, a spinner for what takes long, tables. */
import { stripVTControlCharacters } from 'node:util';
import type { Ora } from 'ora';
import type { ExecUi } from '../client/exec.ts';

/** A connect that is quicker than this needs no spinner. */
const SPINNER_AFTER_MS = 300;

export function printError(line: string): void {
  show(`${line}\n`);
}

/** Its reader may have gone, or its disk be full: that is no reason to end. */
function show(text: string): void {
  if (process.stderr.listenerCount('error') === 0) process.stderr.on('error', () => undefined);
  process.stderr.write(text);
}

/**
 * Does what prints on process.stdout; resolves when all of it has gone out. The bytes of exec do
 * not go that way, and a call that prints nothing is spared the making of the stream.
 */
export async function printing<T>(work: () => T | Promise<T>): Promise<T> {
  // A reader of ours that has gone is no fault: the rest is not wanted.
  process.stdout.on('error', () => process.exit(0));
  try {
    return await work();
  } finally {
    await new Promise<unknown>((resolve) => process.stdout.write('', resolve));
  }
}

/** Shows `text` with a spinner on stderr if it is a terminal and this lasts; returns its end. */
export function showWaiting(text: string): () => void {
  // A terminal without a size (script(1) in a pipe) would have ora count lines for ever.
  if (!process.stderr.isTTY || !process.stderr.columns) return () => undefined;
  let spinner: Ora | undefined;
  let over = false;
  const timer = setTimeout(() => {
    // Loaded only when it is needed: it would cost every call its start-up time.
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

/** The face of `sshpool exec`: nothing of ours goes to stdout but the result of --json. */
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

/** How many columns a text takes, colors left out. */
export const shownWidth = (text: string): number => stripVTControlCharacters(text).length;

/** Rows as aligned columns, two spaces between; numbers to the right. No trailing blanks. */
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
