import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SingleServers } from '../../../src/agent/single-servers.ts';
import { statePath } from '../../../src/base/state-file.ts';

const DAY = 24 * 3_600_000;
const digestOf = (n: number): string => n.toString(16).padStart(64, '0');

let root: string;
let path: string;
let now: number;
let servers: SingleServers;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sshp-'));
  path = join(root, 'state', 'sshpool', 'servers.json');
  now = 1e12;
  servers = new SingleServers(path, () => now);
});
afterEach(() => rmSync(root, { recursive: true }));

describe('the stored servers that close each connection with its first session', () => {
  it('are none at first', async () => {
    expect(await servers.digests()).toEqual([]);
  });

  it('are known to the next agent', async () => {
    await servers.add(digestOf(1));
    now += 1;
    await servers.add(digestOf(2));
    expect(await new SingleServers(path, () => now).digests()).toEqual([digestOf(2), digestOf(1)]);
  });

  it('are all stored if several are added at once', async () => {
    await Promise.all([1, 2, 3].map((n) => servers.add(digestOf(n))));
    expect((await servers.digests()).toSorted()).toEqual([digestOf(1), digestOf(2), digestOf(3)]);
  });

  it('are forgotten after thirty days', async () => {
    await servers.add(digestOf(1));
    now += 30 * DAY;
    expect(await servers.digests()).toEqual([]);
  });

  it('are the 256 that were added last', async () => {
    for (let n = 0; n < 258; n += 1) {
      now += 1;
      await servers.add(digestOf(n));
    }
    const digests = await servers.digests();
    expect([digests.length, digests[0], digests.includes(digestOf(1))]).toEqual([
      256,
      digestOf(257),
      false,
    ]);
  });

  it('are in a file that only the user can read, without other files beside it', async () => {
    await servers.add(digestOf(1));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(path, '..'))).toEqual(['servers.json']);
    expect(readFileSync(path, 'utf8')).toContain(digestOf(1));
  });

  it.each([
    ['cut short', '{"single": {'],
    ['of another format', '[]'],
    ['with a name that is no digest', '{"single": {"$(reboot)": 1000000000000}}'],
    ['too long', ' '.repeat(70_000)],
  ])('are replaced if the file is %s', async (_, text) => {
    await servers.add(digestOf(1));
    writeFileSync(path, text);
    expect(await servers.digests()).toEqual([]);
    await servers.add(digestOf(2));
    expect(await servers.digests()).toEqual([digestOf(2)]);
  });

  it('are not read from a pipe', async () => {
    const pipe = join(root, 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(await new SingleServers(pipe, () => now).digests()).toEqual([]);
  });

  it('cannot be stored if the directory cannot be made, but the next one can', async () => {
    writeFileSync(join(root, 'state'), '');
    await expect(servers.add(digestOf(1))).rejects.toMatchObject({ code: 'ENOTDIR' });
    rmSync(join(root, 'state'));
    await servers.add(digestOf(2));
    expect(await servers.digests()).toEqual([digestOf(2)]);
  });

  it('are not stored if there is no home directory', async () => {
    const nowhere = new SingleServers(undefined, () => now);
    await nowhere.add(digestOf(1));
    expect(await nowhere.digests()).toEqual([]);
  });
});

describe('the path of the file', () => {
  it.each([
    [{ XDG_STATE_HOME: '/state', HOME: '/home/u' }, '/state/sshpool/servers.json'],
    [{ HOME: '/home/u' }, '/home/u/.local/state/sshpool/servers.json'],
    [{ XDG_STATE_HOME: 'relative', HOME: '/home/u' }, '/home/u/.local/state/sshpool/servers.json'],
    [{ HOME: '' }, undefined],
    [{ HOME: 'relative' }, undefined],
    [{}, undefined],
  ])('with the environment %o is %s', (env, expected) => {
    expect(statePath(env, 'servers.json')).toBe(expected);
  });
});
