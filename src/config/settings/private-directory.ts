/** Checks that a directory and the path to it are private to a user. On the hot path, as paths.ts. */
import { lstatSync, mkdirSync, readlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { SshpoolError, describe } from '../../base/errors.ts';

/** An existing directory may be unsafe: call checkDir afterwards. @throws SshpoolError UNSAFE_PATH */
export function ensureDir(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    const problem = `it cannot be created (${describe(error)})`;
    throw SshpoolError.of('UNSAFE_PATH', { path: dir, problem }, error);
  }
}

/** False if `dir` does not exist. @throws SshpoolError UNSAFE_PATH if others can enter or replace it */
export function checkDir(dir: string, uid: number): boolean {
  const danger = dangerOn(dirname(dir), uid);
  if (danger !== undefined) throw SshpoolError.of('UNSAFE_PATH', danger);
  const stats = lstat(dir);
  if (stats === undefined) return false;
  const problem = problemOf(stats, uid);
  if (problem !== undefined) throw SshpoolError.of('UNSAFE_PATH', { path: dir, problem });
  return true;
}

/**
 * Node has no SO_PEERCRED, which the launcher uses. After checkDir no other user can create a socket here:
 * this finds one created before. @throws SshpoolError UNSAFE_PATH
 */
export function checkSocket(path: string, uid: number): void {
  const stats = lstat(path);
  if (stats === undefined || stats.uid === uid) return;
  throw SshpoolError.of('UNSAFE_PATH', { path, problem: foreign(stats.uid, uid) });
}

interface Stats {
  readonly uid: number;
  readonly mode: number;
  isSymbolicLink(): boolean;
  isDirectory(): boolean;
}

function lstat(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    const problem = `it cannot be examined (${describe(error)})`;
    throw SshpoolError.of('UNSAFE_PATH', { path, problem }, error);
  }
}

/** Slightly less than the number of links that Linux follows in one path. */
const MAX_LINKS = 32;

interface Danger {
  readonly path: string;
  readonly problem: string;
}

/**
 * As safe_path of sshd (misc.c): only root and `uid` may be able to change where `path` leads. Links are
 * followed one by one; missing parts are no danger. @throws SshpoolError UNSAFE_PATH if it cannot be examined
 */
export function dangerOn(path: string, uid: number): Danger | undefined {
  const left = partsOf(path);
  let at = '/';
  for (let links = 0; ;) {
    const stats = lstat(at);
    if (stats === undefined) return undefined;
    if (stats.uid !== 0 && stats.uid !== uid) return { path: at, problem: foreign(stats.uid, uid) };
    if (stats.isSymbolicLink()) {
      const target = readlinkSync(at);
      // A .. later in a target is not resolved: the part before it may be a link.
      const isSimple = !partsOf(target.replace(/^(\.\.\/)+/, '')).includes('..');
      if (++links > MAX_LINKS || !isSimple) return { path: at, problem: 'it is a symbolic link' };
      left.unshift(...partsOf(resolve(dirname(at), target)));
      at = '/';
      continue;
    }
    const problem = openTo(stats);
    if (problem !== undefined) return { path: at, problem };
    const next = left.shift();
    if (next === undefined) return undefined;
    at = join(at, next);
  }
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '');
}

function foreign(owner: number, uid: number): string {
  return `it belongs to user id ${owner}, not to ${uid}`;
}

function openTo(stats: Stats): string | undefined {
  if (!stats.isDirectory()) return 'it is not a directory';
  const isOpen = (stats.mode & 0o022) !== 0 && (stats.mode & 0o1000) === 0;
  return isOpen ? `other users can write to it (mode ${octal(stats.mode)})` : undefined;
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}

function problemOf(stats: Stats, uid: number): string | undefined {
  if (stats.isSymbolicLink()) return 'it is a symbolic link';
  if (!stats.isDirectory()) return 'it is not a directory';
  if (stats.uid !== uid) return foreign(stats.uid, uid);
  if ((stats.mode & 0o077) === 0) return undefined;
  return `other users have access to it (mode ${octal(stats.mode)}, not 0700)`;
}
