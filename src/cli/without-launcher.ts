/** Calls that need the launcher, for a terminal or to do exactly what ssh does, where it cannot serve them. */
import { closeSync, futimesSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandName } from '../config/command-line/call-args.ts';
import { currentDirectory } from '../base/current-directory.ts';
import { findLauncher } from '../base/launcher.ts';
import { SSH_TRIED } from '../base/programs.ts';
import { CALL_COMMANDS } from '../config/command-line/command-line.ts';
import { plainSshWords } from '../config/command-line/plain-ssh.ts';
import { elapsedMs } from '../client/exec/elapsed.ts';
import { runSsh } from '../client/exec/run-program.ts';
import { callStarting, ourPaths } from './agent-call.ts';
import type { ExecUi } from './ui.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const WHY =
  'sshpool: the launcher does not run here, so ssh itself makes calls of ssh and shell, and those with a terminal; see: sshpool agent status';

/** Runs ssh itself. @throws SshpoolError USAGE; why the agent cannot serve the launcher; as runSsh */
export async function withoutLauncher(
  command: CommandName,
  words: readonly Buffer[],
  ui: ExecUi,
): Promise<number> {
  const args = CALL_COMMANDS[command].parse(words);
  if (args.kind === 'help') {
    await ui.help();
    return 0;
  }
  const isSsh = args.kind === 'delegate' || CALL_COMMANDS[command].isSsh;
  if (!isSsh || mayPool()) await explain(ui);
  if (isSsh) return runSsh(words.map(String));
  const { timeoutMs } = args;
  const limit =
    timeoutMs === undefined ? undefined : { timeoutMs, leftMs: timeoutMs - elapsedMs() };
  return runSsh(plainSshWords(args).map(String), limit);
}

/** The agent needs a working directory, and ssh does not; a script that sshpool ran as ssh wants ssh. */
function mayPool(): boolean {
  if (process.env[SSH_TRIED] !== undefined) return false;
  try {
    process.cwd();
    return true;
  } catch {
    return false; // cwd() has no other error
  }
}

/** @throws SshpoolError why a launcher that has handed its call over could not use the agent */
async function explain(ui: ExecUi): Promise<void> {
  if (findLauncher(process.env).kind !== 'none') {
    currentDirectory();
    await callStarting('status', {});
  } else if (!wasToldToday()) ui.print(WHY);
}

/** Marks that it is told now. */
function wasToldToday(): boolean {
  const mark = join(ourPaths().dir, 'told-no-launcher');
  const now = new Date();
  try {
    if (now.getTime() - statSync(mark).mtimeMs < DAY_MS) return true;
  } catch {
    // It was never told.
  }
  try {
    const file = openSync(mark, 'a', 0o600);
    futimesSync(file, now, now);
    closeSync(file);
  } catch {
    // No such directory, or it is full: it is told once more.
  }
  return false;
}
