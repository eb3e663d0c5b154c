import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { SshpoolError } from '../../../../src/base/errors.ts';
import { takeLock, type Lock } from '../../../../src/client/call/lock.ts';
import { until } from '../../../support/process.ts';

/** Longer than any test takes. */
const LONG_MS = 60_000;

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sshpool-lock-'));
  path = join(directory, 'lock');
});
afterEach(() => rmSync(directory, { recursive: true }));

async function take(): Promise<Lock> {
  for (;;) {
    const lock = await takeLock(path, LONG_MS);
    if (lock === undefined) continue;
    onTestFinished(() => lock.release());
    return lock;
  }
}

/** A process that holds the lock, and prints when another process waits; Node 20 runs no TypeScript. */
async function holder(): Promise<ChildProcessByStdio<null, Readable, null>> {
  const script = `const s = require('net').createServer(() => console.log(2)); s.listen(${JSON.stringify(path)}, () => console.log(1))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

test('a free lock is taken, and leaves no other file', async () => {
  await take();
  expect(readdirSync(directory)).toEqual(['lock']);
});

test('a released lock can be taken again', async () => {
  (await take()).release();
  expect(existsSync(path)).toBe(false);
  await take();
});

test('a process that waits for a lock is notified of its release', async () => {
  const lock = await take();
  const other = takeLock(path, LONG_MS);
  lock.release();
  // The waiter may have started just after the release.
  (await other)?.release();
  expect(await takeLock(path, LONG_MS).then((free) => free?.release())).toBeUndefined();
  expect(readdirSync(directory)).toEqual([]);
});

test('a lock that is held for too long is an error that names the lock', async () => {
  await take();
  const { message } = SshpoolError.of('LOCK_HELD', { path });
  await expect(takeLock(path, 50)).rejects.toMatchObject({ code: 'LOCK_HELD', message });
});

test('a killed holder releases its lock, and the waiting process is notified', async () => {
  const child = await holder();
  const other = takeLock(path, LONG_MS);
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  expect(await other).toBeUndefined();
  await take();
  expect(readdirSync(directory)).toEqual(['lock']);
});

test('a stopped holder keeps its lock', async () => {
  const child = await holder();
  child.kill('SIGSTOP');
  await expect(takeLock(path, 200)).rejects.toMatchObject({ code: 'LOCK_HELD' });
});

// On other systems a full backlog looks like a socket without a listener.
test.runIf(process.platform === 'linux')(
  'a holder with a full backlog keeps its lock',
  async () => {
    const child = await holder();
    child.kill('SIGSTOP');
    // Node asks for a backlog of 511, and the system may allow less.
    const waiting = Array.from({ length: 600 }, () => createConnection(path));
    const codes = new Set<string | undefined>();
    for (const socket of waiting) {
      socket.on('error', ({ code }: NodeJS.ErrnoException) => codes.add(code));
      onTestFinished(() => void socket.destroy());
    }
    await until(() => codes.size > 0, 'the system refuses one');
    expect([...codes]).toEqual(['EAGAIN']);
    expect(await takeLock(path, LONG_MS)).toBeUndefined();
    expect(existsSync(path)).toBe(true);
  },
);

test('a release does not remove the lock of another process', async () => {
  const lock = await take();
  rmSync(path);
  await take();
  lock.release();
  expect(existsSync(path)).toBe(true);
});

test.each([
  ['a free', () => undefined],
  ['a dead', () => writeFileSync(path, '1')],
])('of many callers that want %s lock each gets it, one at a time', async (_, prepare) => {
  prepare();
  let holders = 0;
  const one = async (): Promise<void> => {
    for (;;) {
      const lock = await takeLock(path, LONG_MS);
      if (lock === undefined) continue;
      expect(++holders).toBe(1);
      await new Promise(setImmediate);
      holders -= 1;
      return lock.release();
    }
  };
  await Promise.all(Array.from({ length: 50 }, one));
  expect(readdirSync(directory)).toEqual([]);
});

test('a missing directory is an error', async () => {
  await expect(takeLock(join(directory, 'none', 'lock'), LONG_MS)).rejects.toThrow(/^listen E/);
});
