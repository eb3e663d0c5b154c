import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SshOptions } from '../../../../src/config/ssh-config/options.ts';
import { parseKnownHosts } from '../../../../src/ssh/trust/known-hosts-lines.ts';
import { learnHostKeys, mayLearn, planUpdate } from '../../../../src/ssh/trust/update-host-keys.ts';
import { blobOf, makeDirectory, makeKey } from '../keys/keygen.ts';

const directory = makeDirectory();
const at = (name: string): string => join(directory.path, name);
const keys = { a: '', b: '', rsa: '' };

beforeAll(() => {
  keys.a = makeKey(at('a'), 'ed25519');
  keys.b = makeKey(at('b'), 'ecdsa');
  keys.rsa = makeKey(at('rsa'), 'rsa', '-b', '2048');
});
afterAll(() => directory[Symbol.dispose]());

const NAME = { name: '[host]:2222', plainName: 'host' };

/** Keys that the server announces, applied to these lines; returns the numbers of added and obsolete keys. */
function plan(lines: string, announced: readonly ('a' | 'b' | 'rsa')[]): string | undefined {
  const text = lines.replace(/\$(\w+)/g, (_, key: 'a') => keys[key]);
  const blobs = announced.map((key) => blobOf(keys[key]));
  const update = planUpdate(parseKnownHosts(text, 'file'), NAME, blobs);
  return update && `+${update.added.length} -${update.obsolete.length}`;
}

describe('a host key that the server announces', () => {
  it.each([
    ['is learned where it is new', '[host]:2222 $a\n', ['a', 'b'], '+1 -0'],
    ['is not added if it is known', '[host]:2222 $a\n[host]:2222 $b\n', ['a', 'b'], undefined],
    ['no more is obsolete', '[host]:2222 $a\n[host]:2222 $b\n', ['a'], '+0 -1'],
    ['is learned by a name with an address', '[host]:2222,10.0.0.1 $a\n', ['a', 'b'], '+1 -0'],
    ['is left to a person by a pattern', '[host]:* $a\n', ['a', 'b'], undefined],
    ['is left to a person by three names', '[host]:2222,x,y $a\n', ['a', 'b'], undefined],
    [
      'is left alone beside an authority',
      '[host]:2222 $a\n@cert-authority *:2222 $rsa\n',
      ['a', 'b'],
      undefined,
    ],
    ['is left alone where another host has it', '[host]:2222 $a\nx $b\n', ['a', 'b'], undefined],
    [
      'no more is kept for another host',
      '[host]:2222 $a\n[host]:2222 $b\nx $b\n',
      ['a'],
      undefined,
    ],
  ] as const)('%s', (_, lines, announced, expected) => {
    expect(plan(lines, announced)).toBe(expected);
  });
});

describe('the line by which a host is trusted', () => {
  const options = { updateHostKeys: true, userKnownHostsFiles: ['mine'] } as unknown as SshOptions;
  const may = (line: string, file: string, more: Partial<SshOptions> = {}): boolean =>
    mayLearn({ ...options, ...more }, NAME, parseKnownHosts(`${line} ${keys.a}\n`, file)[0]);

  it('allows learning other keys', () => expect(may('[host]:2222', 'mine')).toBe(true));
  it('does not allow it in the system’s file', () => expect(may('[host]:2222', 'etc')).toBe(false));
  it('does not allow it without the port', () => expect(may('host', 'mine')).toBe(false));
  it('does not allow it with UpdateHostKeys no', () =>
    expect(may('[host]:2222', 'mine', { updateHostKeys: false })).toBe(false));
  it('must exist', () => expect(mayLearn(options, NAME, undefined)).toBe(false));
});

const words = (blob: Buffer): string =>
  Object.values(keys).find((key) => blobOf(key).equals(blob)) ?? '';

const learn = async (
  file: string,
  announced: readonly string[],
  { proven = announced, algorithms = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'rsa-sha2-512'] } = {},
): Promise<string[]> => {
  const asked: string[] = [];
  const options = {
    userKnownHostsFiles: [file],
    hashKnownHosts: false,
    hostKeyAlgorithms: algorithms,
  } as unknown as SshOptions;
  await learnHostKeys(options, NAME, {
    keys: announced.map(blobOf),
    prove: (wanted) => {
      asked.push(...wanted.map(words));
      return Promise.resolve(proven.map(blobOf));
    },
  });
  return asked;
};
const file = (name: string, ...lines: string[]): string => {
  writeFileSync(at(name), lines.map((line) => `${line}\n`).join(''), { mode: 0o640 });
  return at(name);
};
const line = (key: string): string => `[host]:2222 ${key}`;
const read = (path: string): string[] => readFileSync(path, 'utf8').trimEnd().split('\n');

describe('learning', () => {
  it('requests a proof only for new keys', async () => {
    const known = file('proof', line(keys.a));
    expect(await learn(known, [keys.a, keys.b])).toEqual([keys.b]);
    expect(read(known)).toEqual([line(keys.a), line(keys.b)]);
  });

  it('adds no key without a proof', async () => {
    const known = file('unproven', line(keys.a));
    await learn(known, [keys.a, keys.b], { proven: [keys.rsa] });
    expect(read(known)).toEqual([line(keys.a)]);
  });

  it('adds no key of a type that the user excludes', async () => {
    const known = file('types', line(keys.a));
    await learn(known, [keys.a, keys.b, keys.rsa], { algorithms: ['ssh-ed25519', 'rsa-sha2-256'] });
    expect(read(known)).toEqual([line(keys.a), line(keys.rsa)]);
  });

  it('removes obsolete keys, and leaves the rest unchanged byte by byte', async () => {
    const known = file('obsolete', '# one', line(keys.b), line(keys.a), `other ${keys.rsa}`);
    const before = Buffer.concat([readFileSync(known), Buffer.from('# \xff\n', 'latin1')]);
    writeFileSync(known, before);
    expect(await learn(known, [keys.a])).toEqual([]);
    const after = ['# one', line(keys.a), `other ${keys.rsa}`, '# \xff', ''].join('\n');
    expect(readFileSync(known)).toEqual(Buffer.from(after, 'latin1'));
    expect(readFileSync(`${known}.old`)).toEqual(before);
    expect(statSync(known).mode & 0o777).toBe(0o640);
  });

  it('follows a symbolic link', async () => {
    const known = file('real', line(keys.b), line(keys.a));
    symlinkSync(known, at('link'));
    await learn(at('link'), [keys.a]);
    expect(read(known)).toEqual([line(keys.a)]);
  });
});
