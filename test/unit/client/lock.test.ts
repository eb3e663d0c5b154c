import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tryLock } from '../../../src/client/lock.ts';

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sshpool-lock-'));
  path = join(directory, 'lock');
});
afterEach(() => rmSync(directory, { recursive: true }));

/** The process id of one that has ended. */
const deadPid = (): string =>
  execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }).trim();

test('a free lock is taken, with the process id in it', () => {
  expect(tryLock(path)).toBeDefined();
  expect(readFileSync(path, 'utf8')).toBe(String(process.pid));
});

test('a lock is not given twice', () => {
  tryLock(path);
  expect(tryLock(path)).toBeUndefined();
});

test('a released lock is free again', () => {
  tryLock(path)?.release();
  expect(existsSync(path)).toBe(false);
  expect(tryLock(path)).toBeDefined();
});

test('the lock of a dead process is taken over', () => {
  writeFileSync(path, deadPid());
  expect(tryLock(path)).toBeDefined();
  expect(readFileSync(path, 'utf8')).toBe(String(process.pid));
});

test('no other file is left behind', () => {
  writeFileSync(path, deadPid());
  tryLock(path);
  tryLock(path);
  expect(readdirSync(directory)).toEqual(['lock']);
});

test('a directory that is not there is an error', () => {
  expect(() => tryLock(join(directory, 'none', 'lock'))).toThrow(/ENOENT/);
});

test('a living process keeps its lock from another, and leaves it when it is killed', async () => {
  // Node 20 runs no TypeScript: the other process holds the lock by its file alone.
  const holder = spawn(
    process.execPath,
    [
      '-e',
      `require('fs').writeFileSync(${JSON.stringify(path)}, String(process.pid)); console.log(1); setInterval(() => 0, 1e6)`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(holder.stdout, 'data');
  expect(tryLock(path)).toBeUndefined();
  const gone = once(holder, 'exit');
  holder.kill('SIGKILL');
  await gone;
  expect(tryLock(path)).toBeDefined();
});
