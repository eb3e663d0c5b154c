// @ts-check
/** Reads processes in /proc, and ends those that the benchmark started, by their pid. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const GRACE_MS = 2000;

/** @param {number} pid @param {string} file @returns {string} empty where the process is gone */
function readProc(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** Resident memory in bytes. @param {number} pid */
export function residentBytes(pid) {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(pid, 'status'))?.[1];
  if (kib === undefined) throw new Error(`no resident memory to read in /proc/${pid}/status`);
  return Number(kib) * 1024;
}

/** The number of a process's open file descriptors. @param {number} pid */
export function openDescriptors(pid) {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function allPids() {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Processes that name `text` on the command line or in their first environment. @param {string} text */
export function processesNaming(text) {
  return allPids().filter(
    (pid) =>
      pid !== process.pid &&
      ['cmdline', 'environ'].some((file) => readProc(pid, file).includes(text)),
  );
}

/** @param {number} uid */
export function processesOf(uid) {
  return allPids().filter((pid) => {
    try {
      return statSync(`/proc/${pid}`).uid === uid;
    } catch {
      return false;
    }
  });
}

/** A process and its descendants, parents first. @param {number} pid @returns {number[]} */
export function familyOf(pid) {
  const children = allPids().filter((child) => parentOf(child) === pid);
  return [pid, ...children.flatMap(familyOf)];
}

/** The name in the second field may hold blanks and brackets. @param {number} pid */
function parentOf(pid) {
  const stat = readProc(pid, 'stat');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0);
}

/** @param {number} pid */
function alive(pid) {
  const stat = readProc(pid, 'stat');
  // A zombie counts as ended.
  return stat !== '' && !stat.slice(stat.lastIndexOf(')')).startsWith(') Z');
}

/** @param {number} pid @param {NodeJS.Signals} name */
export function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}

/** Ends processes: SIGTERM first, then SIGKILL. @param {readonly number[]} pids */
export async function end(pids) {
  for (const name of /** @type {const} */ (['SIGTERM', 'SIGKILL'])) {
    for (const pid of pids.filter(alive)) signal(pid, name);
    const deadline = performance.now() + GRACE_MS;
    while (pids.some(alive) && performance.now() < deadline) await pause(10);
  }
}
