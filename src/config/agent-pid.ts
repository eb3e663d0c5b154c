/**
 * Which process is the agent: its id and when it started, in a file of the agent's directory. An id
 * alone may be another process's meanwhile, and must not be sent a signal.
 */
import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RuntimePaths } from './paths.ts';

const pidFile = ({ dir }: RuntimePaths): string => join(dir, 'agent.pid');

/** Notes that this process is the agent. */
export async function writeAgentPid(paths: RuntimePaths): Promise<void> {
  const start = await processStart(process.pid);
  if (start === undefined) return;
  writeFileSync(pidFile(paths), `${process.pid} ${start}\n`, { mode: 0o600 });
}

/** Takes the note away, unless it is another agent's. */
export function removeAgentPid(paths: RuntimePaths): void {
  if (readNote(paths)?.pid === process.pid) rmSync(pidFile(paths), { force: true });
}

/** The process id of the agent; undefined where the process that was noted has ended. */
export async function agentPid(paths: RuntimePaths): Promise<number | undefined> {
  const note = readNote(paths);
  if (note === undefined || (await processStart(note.pid)) !== note.start) return undefined;
  return note.pid;
}

function readNote(paths: RuntimePaths): { pid: number; start: string } | undefined {
  let text: string;
  try {
    text = readFileSync(pidFile(paths), 'utf8');
  } catch {
    return undefined; // no agent has written it
  }
  const [, pid, start] = /^([1-9]\d*) (.+)\n$/.exec(text) ?? [];
  return pid === undefined || start === undefined ? undefined : { pid: Number(pid), start };
}

/**
 * When a process started, in words that no other process with its id has; undefined where there is
 * none. On Linux the boot and field 22 of /proc/PID/stat (proc(5)), elsewhere what ps(1) says.
 */
async function processStart(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return startByPs(pid);
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the program, field 2, may hold anything: count from the last bracket.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, ticks] = [fields[0], fields[19]];
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return state === 'Z' ? undefined : `${boot} ${ticks}`;
  } catch {
    return undefined; // it has ended
  }
}

async function startByPs(pid: number): Promise<string | undefined> {
  try {
    const env = { ...process.env, LC_ALL: 'C' };
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', `${pid}`], { env });
    return stdout.trim() || undefined;
  } catch {
    return undefined; // it has ended
  }
}
