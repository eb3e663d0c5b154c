/** Descriptors of the starter that the agent would keep open: an end of a pipe, a lock. */
import { closeSync, readdirSync, readFileSync } from 'node:fs';

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
