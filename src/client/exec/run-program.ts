/**
 * Runs another program in place of this process: as a child, since Node has no exec(2), that shares the
 * standard streams. Forwards signals, ends as the child does, and never reads standard input.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { isatty } from 'node:tty';
import { describe, SshpoolError } from '../../base/errors.ts';
import { envForSsh, realSsh } from '../../base/programs.ts';
import type { TimeLimit } from './elapsed.ts';
import { MAX_SSH_DEPTH, SSH_DEPTH } from '../../wire/start.ts';

/** Forwarded always. The terminal sends those of its keys, TYPED, to the whole process group. */
const PASSED = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGCONT'] as const;
const TYPED = ['SIGINT', 'SIGQUIT'] as const;

/** Time between SIGTERM and SIGKILL. */
const GRACE_MS = 5000;

/** Runs the real ssh. @throws SshpoolError NO_SSH, SSH_LOOP; as runProgram */
export async function runSsh(args: readonly string[], limit?: TimeLimit): Promise<number> {
  // The working directory may be deleted, and ssh does not need it.
  const program = realSsh(process.env, '.');
  if (program === undefined) throw SshpoolError.of('NO_SSH', {});
  const depth = Number(process.env[SSH_DEPTH] ?? 0) + 1;
  if (depth > MAX_SSH_DEPTH) throw SshpoolError.of('SSH_LOOP', {});
  const env = { ...envForSsh(program, process.env), [SSH_DEPTH]: String(depth) };
  return runProgram(program, args, env, { limit });
}

export interface RunProgramOptions {
  readonly limit?: TimeLimit | undefined;
  /** Runs after the program has ended. */
  readonly over?: () => Promise<void>;
}

/**
 * Resolves to the exit status. A signal that ended the program also ends this process, after `over`.
 * @throws SshpoolError NO_TOOL, TOOL_FAILED, TIMED_OUT
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  { limit, over = () => Promise.resolve() }: RunProgramOptions = {},
): Promise<number> {
  // Before the child exists: it may stop at once, and whatever sees it may send this process a signal.
  let child: ChildProcess | undefined;
  const pass = (name: NodeJS.Signals): void => void child?.kill(name);
  const passTyped = (name: NodeJS.Signals): void => {
    if (![0, 1, 2].some(isatty)) pass(name);
  };
  for (const name of PASSED) process.on(name, pass);
  for (const name of TYPED) process.on(name, passTyped);
  process.on('SIGCHLD', () => stopWith(child));
  child = spawnChild(program, args, env);
  const timer = limit && endLater(child, limit.leftMs);
  const { status, signal } = await endAfter(endOf(child, program), over);
  timer?.cancel();
  for (const name of ['SIGCHLD', ...PASSED, ...TYPED]) process.removeAllListeners(name);
  if (limit && timer?.isOver) throw SshpoolError.of('TIMED_OUT', limit);
  if (signal === null) return status;
  process.kill(process.pid, signal);
  // This signal does not end this process.
  return 128 + constants.signals[signal];
}

function endLater(child: ChildProcess, ms: number): { readonly isOver: boolean; cancel(): void } {
  let isOver = false;
  let timer = setTimeout(() => {
    isOver = true;
    child.kill('SIGTERM');
    timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  }, ms);
  return {
    get isOver() {
      return isOver;
    },
    cancel: () => clearTimeout(timer),
  };
}

async function endAfter(end: Promise<End>, over: () => Promise<void>): Promise<End> {
  try {
    return await end;
  } finally {
    await over();
  }
}

interface End {
  readonly status: number;
  readonly signal: NodeJS.Signals | null;
}

function spawnChild(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): ChildProcess {
  try {
    return spawn(program, args, { env, stdio: 'inherit' });
  } catch (thrown) {
    throw problemOf(program, thrown);
  }
}

/** Uses the system's message instead of Node's. */
function problemOf(tool: string, thrown: unknown): SshpoolError {
  const { code } = thrown as NodeJS.ErrnoException;
  if (code === 'ENOENT') {
    return SshpoolError.of('NO_TOOL', { tool, reason: 'No such file or directory' }, thrown);
  }
  const reason = code === 'EACCES' ? 'Permission denied' : describe(thrown);
  return SshpoolError.of('TOOL_FAILED', { tool, reason }, thrown);
}

function endOf(child: ChildProcess, program: string): Promise<End> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(problemOf(program, error)));
    child.once('exit', (status, signal) => resolve({ status: status ?? 0, signal }));
  });
}

/** If the child stopped itself, as ssh at `~^Z`, stops as well: the shell waits for this process. */
function stopWith(child: ChildProcess | undefined): void {
  if (child?.pid !== undefined && isStopped(child.pid)) process.kill(process.pid, 'SIGSTOP');
}

function isStopped(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
  } catch {
    return false; // it has ended, or this is a system without /proc
  }
}
