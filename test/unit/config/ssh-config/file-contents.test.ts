import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { FileContents } from '../../../../src/config/ssh-config/file-contents.ts';
import { FakeClock } from '../../../support/clock.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';

function setUp(): { sandbox: Sandbox; file: string; clock: FakeClock; contents: FileContents } {
  const sandbox = createSandbox();
  onTestFinished(() => sandbox[Symbol.asyncDispose]());
  const file = sandbox.write('key', 'first');
  const clock = new FakeClock(Date.now());
  return { sandbox, file, clock, contents: new FileContents(clock) };
}

/** Writes other contents but keeps the times, as two changes within one clock tick do. */
function writeUnseen(file: string, text: string): void {
  const { atime, mtime } = statSync(file);
  writeFileSync(file, text);
  utimesSync(file, atime, mtime);
}

test('a file with other contents has another digest', () => {
  const { file, contents } = setUp();
  const before = contents.digest([file]);
  writeFileSync(file, 'second');
  expect(contents.digest([file])).not.toBe(before);
});

test('a file that was only touched has the same digest', () => {
  const { file, contents } = setUp();
  const before = contents.digest([file]);
  utimesSync(file, 1, 1);
  expect(contents.digest([file])).toBe(before);
});

test('contents of the same size that are written right after a change are noticed', () => {
  const { file, contents } = setUp();
  const before = contents.digest([file]);
  writeUnseen(file, 'other');
  expect(contents.digest([file])).not.toBe(before);
});

test('a file that appears or disappears changes the digest', () => {
  const { sandbox, file, contents } = setUp();
  const absent = contents.digest([file, sandbox.path('later')]);
  sandbox.write('later', 'x');
  expect(contents.digest([file, sandbox.path('later')])).not.toBe(absent);
});

test('the digests of a device and of a directory do not change', () => {
  const { sandbox, contents } = setUp();
  mkdirSync(sandbox.path('directory'));
  const paths = ['/dev/null', sandbox.path('directory')];
  expect(contents.digest(paths)).toBe(contents.digest(paths));
});

test.each(['/dev/fd/3', '/dev/stdin', '/proc/self/fd/4', '/proc/thread-self/fd/0'])(
  '%s names another file in each process and is refused',
  (path) => {
    expect(() => setUp().contents.digest([path])).toThrow(
      `${path} is a file of the calling process alone; name a regular file, or use ssh for this call`,
    );
  },
);

test('a named pipe is refused without being opened', () => {
  const { sandbox, contents } = setUp();
  execFileSync('mkfifo', [sandbox.path('pipe')]);
  expect(() => contents.digest([sandbox.path('pipe')])).toThrow('gives its contents only once');
});
