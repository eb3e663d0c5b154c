/** What the agent would keep of its starter: open descriptors, such as an end of a pipe; its priority. */
import { closeSync, readdirSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';

/** O_CLOEXEC of open(2) in Linux, as proc_pid_fdinfo(5) shows it. */
const CLOEXEC = 0o2000000;

/**
 * Closes every descriptor above `last` that came through exec(2). Node opens its own with O_CLOEXEC,
 * so that those without it are not Node's. The launcher closes them itself; the Node client, and the
 * shell that it starts the agent by, cannot. Where there is no /proc they stay open.
 */
export function closeInherited(last: number): void {
  for (const name of listOrNone('/proc/self/fdinfo')) {
    const descriptor = Number(name);
    if (descriptor <= last || !isInherited(descriptor)) continue;
    closeSync(descriptor);
  }
}

/**
 * Gives every thread the usual priority: on Linux each has its own, and Node has some by now. The launcher
 * does it before there are any, which a shell cannot.
 */
export function resetPriority(): void {
  const threads = listOrNone('/proc/self/task').map(Number);
  for (const thread of threads.length > 0 ? threads : [process.pid]) {
    try {
      setPriority(thread, 0);
    } catch {
      // It has ended; or the system does not let us, but root or with RLIMIT_NICE: then we are slower.
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
    return false; // that of the list itself, which is closed by now
  }
}
