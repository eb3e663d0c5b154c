import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { Mounts } from '../../../../src/config/ssh-config/mounts.ts';
import { deferred } from '../../../../src/base/deferred.ts';
import { FakeClock } from '../../../support/clock.ts';
import { settle } from '../../../support/fake-link.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';

let where: Sandbox;
beforeEach(() => {
  where = createSandbox();
  onTestFinished(() => where[Symbol.asyncDispose]());
});

/** A machine with a local root file system and another file system at `net`. */
function setUp(type = 'nfs4') {
  const clock = new FakeClock();
  const net = where.path('net');
  mkdirSync(net);
  const asked: string[] = [];
  const answer = deferred();
  const mounts = new Mounts({
    clock,
    mountInfo: () =>
      `22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n99 22 0:50 / ${net} rw - ${type} server:/home rw\n`,
    ask: (path) => {
      asked.push(path);
      return answer.promise;
    },
  });
  return { clock, net, asked, answer, mounts };
}

describe('a file system', () => {
  it('that is local is not probed', async () => {
    const { asked, mounts } = setUp('xfs');
    await mounts.answer([where.path('net', 'file'), where.root, '/etc/passwd']);
    expect(asked).toEqual([]);
  });

  it('that is remote is probed once for all files on it', async () => {
    const { net, asked, answer, mounts } = setUp();
    const all = mounts.answer([`${net}/a`, `${net}/b`, '/etc/passwd']);
    answer.resolve();
    await all;
    expect(asked).toHaveLength(1);
  });

  it.each(['fuse.sshfs', 'cifs', 'autofs', '9p'])('of type %s is probed', (type) => {
    const { net, mounts } = setUp(type);
    expect(mounts.doubtfulPoint(`${net}/x`)).toBe(net);
  });

  it('is found behind a symbolic link, without access to its target', () => {
    const { net, mounts } = setUp();
    symlinkSync(`${net}/home`, where.path('link'));
    symlinkSync('link/.ssh', where.path('link2'));
    expect(mounts.doubtfulPoint(where.path('link2', 'config'))).toBe(net);
    writeFileSync(where.path('plain'), '');
    expect(mounts.doubtfulPoint(where.path('plain'))).toBe('');
    symlinkSync('loop', where.path('loop'));
    expect(mounts.doubtfulPoint(where.path('loop', 'x'))).toBe('');
  });

  it('is found as the system resolves paths: ".." after a link is the parent of its target', () => {
    const { net, mounts } = setUp();
    for (const name of ['near', 'sub']) mkdirSync(where.path(name));
    symlinkSync('../near', where.path('sub', 'link'));
    expect(mounts.doubtfulPoint(`${where.path('sub')}/./link/..//net/x`)).toBe(net);
    expect(mounts.doubtfulPoint('/../..')).toBe('');
  });

  it('is not searched for on a path that is too long for the system', () => {
    const { net, mounts } = setUp();
    expect(mounts.doubtfulPoint(`${net}/${'a/'.repeat(100_000)}`)).toBe('');
    symlinkSync(`${net}/${'b/'.repeat(300)}`, where.path('far'));
    expect(mounts.doubtfulPoint(where.path('far', 'c'.repeat(300)))).toBe(net);
    expect(mounts.doubtfulPoint(where.path('far', 'c'.repeat(300)))).toBe(net);
  });

  it('that does not answer within a second is an error, and is not probed again meanwhile', async () => {
    const { clock, net, asked, answer, mounts } = setUp();
    const first = mounts.answer([`${net}/a`]);
    const second = mounts.answer([`${net}/b`]);
    clock.advance(1000);
    await expect(first).rejects.toMatchObject({ code: 'NOT_SHARED' });
    await expect(second).rejects.toThrow(`the file system at ${net} does not answer`);
    const third = mounts.answer([`${net}/a`]);
    expect(asked).toHaveLength(1);
    answer.resolve();
    await third;
    await settle();
    await mounts.answer([`${net}/a`]);
    expect(asked).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });
});
