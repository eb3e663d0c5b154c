/** Records the agent's process: its id alone may belong to another one later, which must get no signal. */
import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RuntimePaths } from './paths.ts';

const pidFile = ({ dir }: RuntimePaths): string => join(dir, 'agent.pid');

export async function writeAgentPid(paths: RuntimePaths): Promise<void> {
  const start = await processStart(process.pid);
  if (start === undefined) return;
  writeFileSync(pidFile(paths), `${process.pid} ${start}\n`, { mode: 0o600 });
}

export function removeAgentPid(paths: RuntimePaths): void {
  if (readNote(paths)?.pid === process.pid) rmSync(pidFile(paths), { force: true });
}

/** Undefined if the recorded process has ended. */
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

/** Unique among processes of one id: the boot and field 22 of /proc/PID/stat (proc(5)), elsewhere ps(1). */
async function processStart(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return startByPs(pid);
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // Field 2, the program name, may contain any character: counts from the last bracket.
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
