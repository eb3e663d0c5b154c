/** What a test may know about processes and conditions: by pid, from /proc, and with a deadline. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** False for a process that is gone, and for one that only waits to be reaped. */
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

/** True where none of these processes has anything to do: each waits, was stopped or is gone. */
export function allWait(pids: readonly number[]): boolean {
  return !pids.some((pid) => {
    const stat = readProc(pid, 'stat');
    return stat !== undefined && /^[RD]$/.test(statFields(stat).state ?? '');
  });
}

/** Resident memory in bytes; 0 where the process is gone. */
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

/** What a process has open, as /proc names it; nothing where it has not begun, or is gone. */
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

/** Undefined where it was closed while we looked; the others are there all the same. */
function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** The command line as `ps` shows it; empty where the process is gone. */
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

/** Sends `signal` to one process; one that is gone already is fine. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Waits until `condition` returns something true, and returns that; an empty list is nothing yet.
 * Throws an error that names `what` after `deadlineMs`.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  what: string,
  deadlineMs = 10_000,
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
    // Processes end while they are looked at, and others' environment is not for us.
    return undefined;
  }
}

/** The name in field 2 may hold blanks and brackets, so the fields count from its last bracket. */
function statFields(stat: string): { state: string | undefined; parent: number } {
  const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state, parent: Number(parent) };
}
