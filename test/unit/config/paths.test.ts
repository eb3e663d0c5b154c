import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkDir, ensureDir, runtimePaths } from '../../../src/config/paths.ts';

const UID = process.getuid?.() ?? 0;
/** A user without /run/user/UID. */
const NOBODY_HERE = 3_999_999;

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'sshpool-paths-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('SSH_POOL_RUNTIME_DIR is used before XDG_RUNTIME_DIR', () => {
  const env = { SSH_POOL_RUNTIME_DIR: '/x/y', XDG_RUNTIME_DIR: '/run/user/1' };
  expect(runtimePaths(env, UID)).toEqual({
    dir: '/x/y',
    socket: '/x/y/agent.sock',
    lock: '/x/y/agent.lock',
    log: '/x/y/agent.log',
  });
});

test('XDG_RUNTIME_DIR gets a directory of its own', () => {
  expect(runtimePaths({ XDG_RUNTIME_DIR: '/run/user/1' }, UID).dir).toBe('/run/user/1/sshpool');
});

test('without any of them the directory is in /tmp with the user id', () => {
  expect(runtimePaths({}, NOBODY_HERE).dir).toBe(`/tmp/sshpool-${NOBODY_HERE}`);
});

test('an empty variable counts as unset', () => {
  const env = { SSH_POOL_RUNTIME_DIR: '', XDG_RUNTIME_DIR: '' };
  expect(runtimePaths(env, NOBODY_HERE).dir).toBe(`/tmp/sshpool-${NOBODY_HERE}`);
});

test('a relative XDG_RUNTIME_DIR is ignored', () => {
  expect(runtimePaths({ XDG_RUNTIME_DIR: 'run' }, NOBODY_HERE).dir).toMatch(/^\/tmp\//);
});

test('a relative SSH_POOL_RUNTIME_DIR is refused', () => {
  expect(() => runtimePaths({ SSH_POOL_RUNTIME_DIR: 'here' }, UID)).toThrow(
    expect.objectContaining({ code: 'BAD_SETTING', exitCode: 2 }),
  );
});

test('a socket path of 87 bytes fits', () => {
  const dir = `/${'d'.repeat(87 - 1 - '/agent.sock'.length)}`;
  expect(Buffer.byteLength(runtimePaths({ SSH_POOL_RUNTIME_DIR: dir }, UID).socket)).toBe(87);
});

test('a socket path of 88 bytes is refused', () => {
  const dir = `/${'d'.repeat(88 - 1 - '/agent.sock'.length)}`;
  expect(() => runtimePaths({ SSH_POOL_RUNTIME_DIR: dir }, UID)).toThrow(
    expect.objectContaining({ code: 'PATH_TOO_LONG' }),
  );
});

test('the length of a path is counted in bytes', () => {
  const dir = `/${'é'.repeat(40)}`;
  expect(() => runtimePaths({ SSH_POOL_RUNTIME_DIR: dir }, UID)).toThrow(/has 92 bytes/);
});

test('a missing directory is made for its owner only, with its parents', () => {
  const dir = join(directory(), 'a', 'b');
  ensureDir(dir);
  expect(statSync(dir).mode & 0o777).toBe(0o700);
});

test('a directory made by ensureDir passes the check', () => {
  const dir = join(directory(), 'a');
  ensureDir(dir);
  expect(checkDir(dir, UID)).toBe(true);
});

test('a file in the way is reported as unsafe', () => {
  const path = join(directory(), 'file');
  writeFileSync(path, '');
  expect(() => ensureDir(path)).toThrow(expect.objectContaining({ code: 'UNSAFE_PATH' }));
});

test('a directory that does not exist is not unsafe', () => {
  expect(checkDir(join(directory(), 'absent'), UID)).toBe(false);
});

test('a symbolic link to a directory is unsafe', () => {
  const base = directory();
  symlinkSync(base, join(base, 'link'));
  expect(() => checkDir(join(base, 'link'), UID)).toThrow(/symbolic link/);
});

test('a file is unsafe', () => {
  const path = join(directory(), 'file');
  writeFileSync(path, '');
  expect(() => checkDir(path, UID)).toThrow(/not a directory/);
});

test('a directory of another user is unsafe', () => {
  expect(() => checkDir(directory(), UID + 1)).toThrow(/belongs to user id/);
});

test.each([0o750, 0o701, 0o777])('a directory with mode %o is unsafe', (mode) => {
  const path = join(directory(), 'open');
  mkdirSync(path);
  chmodSync(path, mode);
  expect(() => checkDir(path, UID)).toThrow(/other users have access/);
});

test('a path through a file cannot be examined and is unsafe', () => {
  const path = join(directory(), 'file');
  writeFileSync(path, '');
  expect(() => checkDir(join(path, 'x'), UID)).toThrow(
    expect.objectContaining({ code: 'UNSAFE_PATH' }),
  );
});
