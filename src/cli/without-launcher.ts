/** Calls that need the launcher, for a terminal or to do exactly what ssh does, where it cannot serve them. */
import { closeSync, futimesSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandName } from '../config/command-line/call-args.ts';
import { currentDirectory } from '../base/current-directory.ts';
import { SshpoolError } from '../base/errors.ts';
import { findLauncher, ownProgram } from '../base/launcher.ts';
import { SSH_TRIED } from '../base/programs.ts';
import { CALL_COMMANDS } from '../config/command-line/command-line.ts';
import { allowsFallback } from '../config/settings/settings.ts';
import { plainSshWords } from '../config/command-line/plain-ssh.ts';
import { timeLimit } from '../client/exec/elapsed.ts';
import { runProgram, runSsh } from '../client/exec/run-program.ts';
import { callStarting, ourPaths } from './agent-call.ts';
import type { ExecUi } from './ui.ts';

/** Set for a launcher that runs a second time for the same call. */
const LAUNCHED_AGAIN = 'SSHPOOL_LAUNCHED_AGAIN';
const DAY_MS = 24 * 60 * 60 * 1000;
const WHY =
  'sshpool: the launcher does not run here, so ssh itself makes calls of ssh and shell, and those with a terminal; see: sshpool agent status';

/**
 * Runs the launcher again if it has given its call up and an agent serves now, or ssh itself.
 * @throws SshpoolError USAGE, NO_LAUNCHER, why the agent cannot serve the launcher; as runSsh
 */
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
  if (isSsh && !mayPool()) return runSsh(words.map(String));
  if (findLauncher(process.env).kind !== 'none') return launchAgain(command, words);
  if (!isSsh && !allowsFallback(process.env)) throw SshpoolError.of('NO_LAUNCHER', {});
  if (!wasToldToday()) ui.print(WHY);
  if (isSsh) return runSsh(words.map(String));
  return runSsh(plainSshWords(args).map(String), timeLimit(args.timeoutMs));
}

/** @throws SshpoolError why the agent cannot serve the launcher; AGENT_LOST if it was lost before, too */
async function launchAgain(command: CommandName, words: readonly Buffer[]): Promise<number> {
  currentDirectory();
  await callStarting('status', {});
  if (process.env[LAUNCHED_AGAIN]) throw SshpoolError.of('AGENT_LOST', { log: ourPaths().log });
  const env = { ...process.env, [LAUNCHED_AGAIN]: '1' };
  return runProgram(ownProgram(), [command, ...words.map(String)], env);
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
