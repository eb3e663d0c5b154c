/**
 * Removes what the agent inherited from the process that started it: open descriptors (such as the end
 * of a pipe) and the priority.
 */
import { closeSync, readdirSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';

/** O_CLOEXEC of open(2) in Linux, as proc_pid_fdinfo(5) shows it. */
const CLOEXEC = 0o2000000;

/**
 * Closes every descriptor above `last` that was inherited through exec(2). Node opens its own
 * descriptors with O_CLOEXEC, so one without it is not Node's. The launcher closes them before it
 * starts the agent; the Node client, which starts the agent through a shell, cannot. Without /proc they
 * stay open.
 */
export function closeInherited(last: number): void {
  for (const name of listOrNone('/proc/self/fdinfo')) {
    const descriptor = Number(name);
    if (descriptor <= last || !isInherited(descriptor)) continue;
    closeSync(descriptor);
  }
}

/**
 * Resets the priority of every thread: on Linux each has its own, and Node already runs several. The
 * launcher does this before Node starts; a shell cannot.
 */
export function resetPriority(): void {
  const threads = listOrNone('/proc/self/task').map(Number);
  for (const thread of threads.length > 0 ? threads : [process.pid]) {
    try {
      setPriority(thread, 0);
    } catch {
      // The thread has ended, or only root or RLIMIT_NICE may raise the priority: the agent then stays
      // slower.
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
