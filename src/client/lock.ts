/**
 * The lock under which an agent is started, so that many first callers start one. A file with the
 * holder's process id, published whole by link(); one whose holder is dead is taken over.
 */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

export interface Lock {
  release(): void;
}

/** Takes the lock, or returns undefined where a living process holds it. */
export function tryLock(path: string): Lock | undefined {
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, String(process.pid), { mode: 0o600 });
  try {
    if (!link(mine, path) && !(takeOver(path) && link(mine, path))) return undefined;
  } finally {
    rmSync(mine, { force: true });
  }
  return { release: () => rmSync(path, { force: true }) };
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw thrown;
  }
}

/** Moves a dead holder's lock away; true where the place is free now. */
function takeOver(path: string): boolean {
  const holder = readHolder(path);
  if (holder === undefined) return true;
  if (isAlive(holder)) return false;
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
  } catch {
    return true; // somebody else moved it first
  }
  // Between the look and the move a living process may have come by it: give it back.
  const stolen = readHolder(aside) !== holder && link(aside, path);
  rmSync(aside, { force: true });
  return !stolen;
}

function readHolder(path: string): number | undefined {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return undefined; // released meanwhile
  }
}

function isAlive(pid: number): boolean {
  // What a crash of the machine left of the file names nobody; 0 would mean our own group.
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}
