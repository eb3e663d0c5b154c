/** Facts about processes, by pid and from /proc, and waiting for a condition with a deadline. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** False for a process that has ended, and for a zombie. */
export function alive(pid: number): boolean {
  const stat = readProc(pid, 'stat');
  if (stat !== undefined) return statFields(stat).state !== 'Z';
  if (process.platform === 'linux') return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether all these processes are idle: each waits, was stopped or has ended. */
export function allWait(pids: readonly number[]): boolean {
  return !pids.some((pid) => {
    const stat = readProc(pid, 'stat');
    return stat !== undefined && /^[RD]$/.test(statFields(stat).state ?? '');
  });
}

/** Resident memory in bytes; 0 if the process has ended. */
export function rssBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(pid, 'status') ?? '')?.[1];
  return Number(kib ?? 0) * 1024;
}

/** The pids whose parent is `pid`. */
export function childrenOf(pid: number): number[] {
  return allPids().filter((child) => {
    const stat = readProc(child, 'stat');
    return stat !== undefined && statFields(stat).parent === pid;
  });
}

/** `pid`'s children, their children and so on, parents first. */
export function descendantsOf(pid: number): number[] {
  const children = childrenOf(pid);
  return children.concat(children.flatMap(descendantsOf));
}

/** The open files of a process, as /proc names them; empty if it has not started, or has ended. */
export function openFiles(pid: number): string[] {
  const directory = `/proc/${pid}/fd`;
  return entriesOf(directory).flatMap((fd) => linkOf(`${directory}/${fd}`) ?? []);
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // gone
  }
}

/** Undefined if the file descriptor was closed meanwhile; the other ones are still listed. */
function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** The command line as `ps` shows it; empty if the process has ended. */
export function titleOf(pid: number): string {
  return (readProc(pid, 'cmdline') ?? '').replaceAll('\0', ' ').trim();
}

/** Processes that name `text` on the command line or in their first environment. */
export function processesNaming(text: string): number[] {
  return allPids().filter(
    (pid) =>
      pid !== process.pid &&
      ['cmdline', 'environ'].some((file) => readProc(pid, file)?.includes(text)),
  );
}

/** Sends `signal` to one process; it is no error if the process has ended. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Waits until `condition` returns something true, and returns that; an empty list counts as false.
 * After `deadlineMs` it throws an error that names `what`.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  what: string,
  deadlineMs = 30_000,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const value = await condition();
    if (Array.isArray(value) ? value.length > 0 : value) return value as NonNullable<T>;
    if (performance.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await pause(10);
  }
}

function allPids(): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    // Processes end meanwhile, and other users' environment is not readable.
    return undefined;
  }
}

/** The name in field 2 may hold blanks and parentheses, so the fields count from its last parenthesis. */
function statFields(stat: string): { state: string | undefined; parent: number } {
  const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state, parent: Number(parent) };
}
