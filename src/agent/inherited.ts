/**
 * Removes what the agent inherited from its starter: open descriptors and the priority. The launcher does
 * both before Node starts; the Node client starts the agent through a shell, which cannot.
 */
import { closeSync, readdirSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';

/** O_CLOEXEC of open(2) in Linux, as proc_pid_fdinfo(5) shows it. */
const CLOEXEC = 0o2000000;

/** Closes what is above `last` and came through exec(2): Node opens its own with O_CLOEXEC. Needs /proc. */
export function closeInherited(last: number): void {
  for (const name of listOrNone('/proc/self/fdinfo')) {
    const descriptor = Number(name);
    if (descriptor <= last || !isInherited(descriptor)) continue;
    closeSync(descriptor);
  }
}

/** Resets every thread: on Linux each has its own priority, and Node already runs several. */
export function resetPriority(): void {
  const threads = listOrNone('/proc/self/task').map(Number);
  for (const thread of threads.length > 0 ? threads : [process.pid]) {
    try {
      setPriority(thread, 0);
    } catch {
      // The thread has ended, or it takes root or RLIMIT_NICE: the agent then stays slower.
    }
  }
}

function listOrNone(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // another system than Linux
  }
}

function isInherited(descriptor: number): boolean {
  try {
    const info = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8');
    const flags = /^flags:\s*([0-7]+)$/m.exec(info)?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOEXEC) === 0;
  } catch {
    return false; // the descriptor of the directory listing, already closed
  }
}
