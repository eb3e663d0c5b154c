import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tryLock } from '../../../src/client/lock.ts';

test('an empty lock, as a crash of the machine leaves it, is taken over', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sshpool-lock-'));
  try {
    const path = join(directory, 'lock');
    writeFileSync(path, '');
    expect(tryLock(path)).toBeDefined();
  } finally {
    rmSync(directory, { recursive: true });
  }
});
