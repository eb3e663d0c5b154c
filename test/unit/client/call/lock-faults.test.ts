import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { takeLock } from '../../../../src/client/call/lock.ts';

test.each<[what: string, leave: (path: string) => void]>([
  ['an empty file, as a crash of the machine leaves it,', (path) => writeFileSync(path, '')],
  ['the process id of a living process', (path) => writeFileSync(path, String(process.pid))],
  ['a file that may not be written', (path) => writeFileSync(path, '', { mode: 0o400 })],
  ['a directory', (path) => mkdirSync(path)],
  ['a link to nothing', (path) => symlinkSync('/nowhere/at/all', path)],
  ['a link to itself', (path) => symlinkSync(path, path)],
])('%s in the place of a lock is handled as a stale lock', async (_, leave) => {
  const directory = mkdtempSync(join(tmpdir(), 'sshpool-lock-'));
  try {
    const path = join(directory, 'lock');
    leave(path);
    const lock = await takeLock(path, 5000);
    expect(lock).toBeDefined();
    expect(readdirSync(directory)).toEqual(['lock']);
    lock?.release();
  } finally {
    rmSync(directory, { recursive: true });
  }
});
