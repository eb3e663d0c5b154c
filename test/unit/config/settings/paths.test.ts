import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runtimePaths } from '../../../../src/config/settings/paths.ts';
import {
  checkDir,
  checkSocket,
  ensureDir,
} from '../../../../src/config/settings/private-directory.ts';

const UID = process.getuid?.() ?? 0;
/** A user without /run/user/UID. */
const NOBODY_HERE = 3_999_999;

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'sshpool-paths-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function made(base: string, name: string, mode: number): string {
  const path = join(base, name);
  mkdirSync(path, { recursive: true });
  chmodSync(path, mode);
  return path;
}

function belowOpen(base: string): string {
  const path = made(base, 'open/own', 0o700);
  chmodSync(join(base, 'open'), 0o777);
  return path;
}

function linked(base: string, target: string): string {
  symlinkSync(target, join(base, 'link'));
  return join(base, 'link');
}

test('SSH_POOL_RUNTIME_DIR is used before XDG_RUNTIME_DIR', () => {
  const env = { SSH_POOL_RUNTIME_DIR: '/x/y', XDG_RUNTIME_DIR: '/run/user/1' };
  expect(runtimePaths(env, UID)).toEqual({
    dir: '/x/y',
    socket: '/x/y/agent.sock',
    service: '/x/y/service.sock',
    lock: '/x/y/agent.lock',
    log: '/x/y/agent.log',
  });
});

test('XDG_RUNTIME_DIR gets a directory of its own', () => {
  const run = directory();
  expect(runtimePaths({ XDG_RUNTIME_DIR: `${run}/` }, UID).dir).toBe(`${run}/sshpool`);
});

test.each<[what: string, make: (base: string) => { readonly path: string; readonly uid?: number }]>(
  [
    ['of another user', (base) => ({ path: base, uid: NOBODY_HERE })],
    ['that is not there', (base) => ({ path: join(base, 'none') })],
    ['that others may write to', (base) => ({ path: made(base, 'open', 0o720) })],
    ['below a directory that others may write to', (base) => ({ path: belowOpen(base) })],
    ['that is a symbolic link', (base) => ({ path: linked(base, base) })],
    ['that is too long for a socket', (base) => ({ path: made(base, 'd'.repeat(60), 0o700) })],
  ],
)('an XDG_RUNTIME_DIR %s is ignored', (_, make) => {
  const { path, uid = UID } = make(directory());
  const own = runtimePaths({}, uid).dir;
  expect(runtimePaths({ XDG_RUNTIME_DIR: path }, uid).dir).toBe(own);
});

test('without these variables the directory is in /tmp and has the user id in its name', () => {
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

test('a directory that ensureDir made passes the check', () => {
  const dir = join(directory(), 'a');
  ensureDir(dir);
  expect(checkDir(dir, UID)).toBe(true);
});

test('a file in the place of the directory is reported as unsafe', () => {
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

test('a path through a file is unsafe', () => {
  const path = join(directory(), 'file');
  writeFileSync(path, '');
  expect(() => checkDir(join(path, 'x'), UID)).toThrow(
    expect.objectContaining({ code: 'UNSAFE_PATH' }),
  );
});

test('a directory below one that other users may write to is unsafe, and the error names that one', () => {
  const path = belowOpen(directory());
  const text = `${dirname(path)} is not safe to use: other users can write to it (mode 0777)`;
  expect(() => checkDir(path, UID)).toThrow(text);
  expect(() => checkDir(join(path, 'absent'), UID)).toThrow(text);
});

test('a directory below a sticky one is safe', () => {
  const path = belowOpen(directory());
  chmodSync(dirname(path), 0o1777);
  expect(checkDir(path, UID)).toBe(true);
});

// Only root can change the owner of a directory.
test.skipIf(UID !== 0)('a directory below one of another user is unsafe', () => {
  const base = directory();
  const path = made(base, 'foreign/own', 0o700);
  chownSync(dirname(path), NOBODY_HERE, NOBODY_HERE);
  expect(() => checkDir(path, UID)).toThrow(`${dirname(path)} is not safe to use: it belongs to`);
});

test.each(['absolute', 'relative'])('an %s link in the path is followed to its target', (kind) => {
  const base = directory();
  const own = made(base, 'own/run', 0o700);
  const target = kind === 'absolute' ? dirname(own) : `${'../'.repeat(20)}${dirname(own).slice(1)}`;
  const path = join(linked(base, target), 'run');
  expect(checkDir(path, UID)).toBe(true);
  chmodSync(dirname(own), 0o777);
  expect(() => checkDir(path, UID)).toThrow(`${dirname(own)} is not safe to use`);
});

test('a link in the path whose target has ".." after a directory is unsafe', () => {
  const base = directory();
  made(base, 'own/run', 0o700);
  const link = linked(base, `${base}/own/../own`);
  expect(() => checkDir(join(link, 'run'), UID)).toThrow(/symbolic link/);
});

test('a link to itself in the path is unsafe', () => {
  const base = directory();
  expect(() => checkDir(join(linked(base, 'link'), 'run'), UID)).toThrow(/symbolic link/);
});

test('a socket of another user is unsafe', () => {
  const path = join(directory(), 'file');
  writeFileSync(path, '');
  checkSocket(path, UID);
  expect(() => checkSocket(path, NOBODY_HERE)).toThrow(/belongs to user id/);
});
