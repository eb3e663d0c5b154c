/**
 * What the agent inherited from its starter. Open descriptors and the priority are removed: the launcher does
 * both before Node starts; the Node client starts the agent through a shell, which cannot. A service manager
 * may give it a socket.
 */
import { closeSync, fstatSync, readdirSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { SshpoolError } from '../base/errors.ts';

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

const FIRST_OF_SERVICE = 3;

/**
 * The socket on which a service manager listens for this process (sd_listen_fds(3)); undefined without one.
 * Removes the variables from `env`: they are not for the programs that the agent starts.
 * @throws SshpoolError AGENT_START if there are several
 */
export function listeningDescriptor(env: NodeJS.ProcessEnv, log: string): number | undefined {
  const { LISTEN_PID: pid, LISTEN_FDS: count } = env;
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name];
  if (pid !== `${process.pid}`) return undefined;
  if (count === '1') return FIRST_OF_SERVICE;
  const reason = `the service has ${count} sockets for it, and not one`;
  throw SshpoolError.of('AGENT_START', { reason, log });
}

/** Where a unix socket listens, as /proc/net/unix shows it (proc_net(5)); empty for anything else; undefined on other systems. */
export function boundPath(descriptor: number): string | undefined {
  let table: string;
  try {
    table = readFileSync('/proc/net/unix', 'utf8');
  } catch {
    return undefined; // another system than Linux
  }
  const row = new RegExp(String.raw`^(?:\S+ +){6}${fstatSync(descriptor).ino} (.*)$`, 'm');
  return row.exec(table)?.[1] ?? '';
}
