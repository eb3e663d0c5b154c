import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Reader, Writer } from '../../../../src/base/bytes.ts';
import { appendKnownHost, loadKnownHosts } from '../../../../src/ssh/trust/known-hosts-file.ts';
import {
  fingerprint,
  hasCertAuthority,
  judge,
  keyTypeLabel,
  knownHostLine,
  knownKeyTypes,
  lookupName,
  orderHostKeyAlgorithms,
  parseKnownHosts,
  type HostKeyVerdict,
} from '../../../../src/ssh/trust/known-hosts-lines.ts';
import { askKeygen, blobOf, keygen, makeDirectory, makeKey } from '../keys/keygen.ts';

const directory = makeDirectory();
const at = (name: string): string => join(directory.path, name);
const keys = { ed25519: '', other: '', rsa: '', ecdsa: '' };

beforeAll(() => {
  keys.ed25519 = makeKey(at('ed25519'), 'ed25519');
  keys.other = makeKey(at('other'), 'ed25519');
  keys.rsa = makeKey(at('rsa'), 'rsa', '-b', '2048');
  keys.ecdsa = makeKey(at('ecdsa'), 'ecdsa');
});
afterAll(() => directory[Symbol.dispose]());

const HOST = { name: 'host', plainName: undefined };
const PORT = { name: '[host]:2222', plainName: 'host' };

function verdict(text: string, key = keys.ed25519, name: typeof HOST | typeof PORT = HOST): string {
  const found: HostKeyVerdict = judge(parseKnownHosts(text, 'file'), name, blobOf(key));
  return found.kind === 'unknown' ? found.kind : `${found.kind} ${found.entry.line}`;
}

const types = (text: string): string[] => parseKnownHosts(text, 'f').map((e) => e.keyType);

describe('a line of known_hosts', () => {
  it('is kept with its file, number, marker and key', () => {
    const [entry] = parseKnownHosts(`\n@revoked a,b ${keys.rsa} a comment`, '/f');
    expect(entry).toEqual({
      marker: 'revoked',
      patterns: 'a,b',
      keyType: 'ssh-rsa',
      key: blobOf(keys.rsa),
      file: '/f',
      line: 2,
    });
  });
  it('may end in a carriage return', () => {
    expect(types(`host ${keys.rsa}\r\nhost ${keys.ed25519} c\r\n`)).toHaveLength(2);
  });
  it('may be indented and separated by tabs', () => {
    expect(types(` \t@revoked\t host\t${keys.rsa.replace(' ', ' \t')}`)).toEqual(['ssh-rsa']);
  });
  it('may name an RSA key by a signature algorithm', () => {
    expect(types(`host ${keys.rsa.replace('ssh-rsa', 'rsa-sha2-512')}`)).toEqual(['ssh-rsa']);
  });
  it.each([
    ['is a comment', () => `# host ${keys.rsa}`],
    ['has no key', () => 'host ssh-rsa'],
    ['has an unknown marker', () => `@trusted host ${keys.rsa}`],
    ['has two markers', () => `@revoked @revoked host ${keys.rsa}`],
    ['names another type than its key', () => `host ${keys.rsa.replace('rsa', 'ed25519')}`],
    ['has broken base64', () => `host ${keys.rsa.replace('AAAA', 'AA-_')}`],
    ['has a truncated key', () => `host ${keys.ed25519.slice(0, -12)}`],
    ['has a malformed hash', () => `|1|AAAA|AAAA ${keys.rsa}`],
  ])('is skipped if it %s', (_, line) => {
    expect(types(line())).toEqual([]);
  });

  it('is kept, and marked, if only ssh may know its type', () => {
    const [entry] = parseKnownHosts('host ssh-foo AAAAB3NzaC1mb28=', 'f');
    expect(entry).toMatchObject({ keyType: 'ssh-foo', isForeign: true });
  });

  it('never makes the parser fail, whatever it contains', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const known = parseKnownHosts(`host ${text}\n@revoked ${text}\n${text}`, 'f');
        expect(known).toBeInstanceOf(Array);
      }),
    );
  });
});

describe('the name that is looked up', () => {
  it('is the host in lower case', () => {
    expect(lookupName({ hostname: 'Host.Example', port: 22 })).toEqual({
      name: 'host.example',
      plainName: undefined,
    });
  });
  it('has brackets and the port if that is not 22', () => {
    expect(lookupName({ hostname: '::1', port: 2222 })).toEqual({
      name: '[::1]:2222',
      plainName: '::1',
    });
  });
  it('is HostKeyAlias alone if that is set', () => {
    expect(lookupName({ hostname: 'h', port: 2222, hostKeyAlias: 'Alias' })).toEqual({
      name: 'alias',
      plainName: undefined,
    });
  });
  it('does not turn non-ASCII letters into ASCII ones', () => {
    expect(lookupName({ hostname: 'ban\u212a', port: 22 }).name).toBe('ban\u212a');
  });
});

describe('a host key', () => {
  it('matches the line with that key', () => {
    expect(verdict(`host ${keys.rsa}\nhost ${keys.ed25519}`)).toBe('match 2');
  });
  it('matches although another line has another key of its type', () => {
    expect(verdict(`host ${keys.ed25519}\nhost ${keys.other}`)).toBe('match 1');
  });
  it('is unknown if only other hosts have it', () => {
    expect(verdict(`elsewhere ${keys.ed25519}`)).toBe('unknown');
  });
  it('is changed if the host has another key of the type', () => {
    expect(verdict(`host ${keys.other}`)).toBe('changed 1');
  });
  it('is changed if the host has only keys of other types, as for ssh', () => {
    expect(verdict(`host ${keys.rsa}\nhost ${keys.ecdsa}`)).toBe('changed 2');
  });
  it('is changed by the line of its own type rather than by another', () => {
    expect(verdict(`host ${keys.other}\nhost ${keys.rsa}`)).toBe('changed 1');
  });
  it('is not trusted because a certificate authority has it', () => {
    expect(verdict(`@cert-authority host ${keys.ed25519}`)).toBe('unknown');
  });
  it('is not changed by the key of a certificate authority', () => {
    expect(verdict(`@cert-authority host ${keys.other}`)).toBe('unknown');
  });
  it('is refused if it is revoked, although another line trusts it', () => {
    expect(verdict(`host ${keys.ed25519}\n@revoked * ${keys.ed25519}`)).toBe('revoked 2');
  });
  it('is not affected by a revocation for other hosts', () => {
    expect(verdict(`@revoked *,!host ${keys.ed25519}\nhost ${keys.ed25519}`)).toBe('match 2');
  });
  it('stays revoked if its numbers are written with leading zeros', () => {
    const from = new Reader(blobOf(keys.rsa));
    const [type, exponent, modulus] = [from.string(), from.string(), from.string()];
    const padded = Buffer.concat([Buffer.alloc(3), modulus]);
    const blob = new Writer().string(type).string(exponent).string(padded).finish();
    const known = parseKnownHosts(`@revoked host ${keys.rsa}`, 'f');
    expect(judge(known, HOST, blob).kind).toBe('revoked');
  });
  it('that is malformed is changed if a key is known', () => {
    const known = parseKnownHosts(`host ${keys.rsa}`, 'f');
    expect(judge(known, HOST, Buffer.from('nonsense')).kind).toBe('changed');
  });
});

describe('a host on another port', () => {
  it('is known by its name with the port', () => {
    expect(verdict(`[host]:2222 ${keys.ed25519}`, keys.ed25519, PORT)).toBe('match 1');
  });
  it('is known by its name without the port if that has this very key', () => {
    expect(verdict(`host ${keys.ed25519}`, keys.ed25519, PORT)).toBe('match 1');
  });
  it('is unknown if its name without the port has another key', () => {
    expect(verdict(`host ${keys.other}`, keys.ed25519, PORT)).toBe('unknown');
  });
  it('is changed if its name with the port has another key, whatever the name without the port has', () => {
    const text = `host ${keys.ed25519}\n[host]:2222 ${keys.other}`;
    expect(verdict(text, keys.ed25519, PORT)).toBe('changed 2');
  });
  it('is refused if the key is revoked for the name without the port', () => {
    expect(verdict(`@revoked host ${keys.ed25519}`, keys.ed25519, PORT)).toBe('revoked 1');
  });
});

describe('the order of host key algorithms', () => {
  const offered = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'rsa-sha2-512', 'rsa-sha2-256'];

  it('puts those of known keys first and changes nothing else', () => {
    expect(orderHostKeyAlgorithms(offered, ['ssh-rsa'])).toEqual([
      'rsa-sha2-512',
      'rsa-sha2-256',
      'ssh-ed25519',
      'ecdsa-sha2-nistp256',
    ]);
  });
  it('stays unchanged if the first one is known', () => {
    expect(orderHostKeyAlgorithms(offered, ['ssh-rsa', 'ssh-ed25519'])).toEqual(offered);
  });
  it('stays unchanged if no key is known', () => {
    expect(orderHostKeyAlgorithms(offered, [])).toEqual(offered);
  });
  it('treats a certificate algorithm as that of its plain key', () => {
    const certified = ['ssh-rsa', 'sk-ssh-ed25519-cert-v01@openssh.com'];
    expect(orderHostKeyAlgorithms(certified, ['sk-ssh-ed25519@openssh.com'])).toEqual(
      certified.toReversed(),
    );
  });
  it('depends only on the plain keys of that name', () => {
    const text = `@cert-authority host ${keys.rsa}\nx ${keys.rsa}\nhost ${keys.ecdsa}\nhost ${keys.ecdsa}`;
    expect(knownKeyTypes(parseKnownHosts(text, 'f'), HOST)).toEqual(['ecdsa-sha2-nistp256']);
  });
});

describe('the fingerprint of a key', () => {
  it.each(['ed25519', 'rsa', 'ecdsa'] as const)('equals that of ssh-keygen for %s', (name) => {
    const [, print, label] = /^\d+ (\S+) .*\((\S+)\)$/m.exec(keygen('-lf', at(name))) ?? [];
    const blob = blobOf(keys[name]);
    expect([fingerprint(blob), keyTypeLabel(blob)]).toEqual([print, label]);
  });
  it('has a label also if the key is malformed', () => {
    expect(keyTypeLabel(Buffer.from('x'))).toBe('unknown');
  });
});

const found = (line: string, name: string): boolean => {
  const file = at('line');
  writeFileSync(file, line);
  return askKeygen('-F', name, '-f', file) !== '';
};

describe('a new line', () => {
  it('is found by ssh-keygen', () => {
    const line = knownHostLine('[Host]:2222', blobOf(keys.rsa), { hashed: false });
    expect(line).toBe(`[host]:2222 ${keys.rsa}\n`);
    expect(found(line, '[host]:2222')).toBe(true);
  });
  it('is found by ssh-keygen if it is hashed', () => {
    const line = knownHostLine('Host', blobOf(keys.rsa), { hashed: true });
    expect(line).not.toContain('host');
    expect(found(line, 'host')).toBe(true);
  });
  it.each(['*', 'a,b', '!a', 'a\n* b', '@revoked', '#'])('never treats %j as a pattern', (name) => {
    const known = parseKnownHosts(knownHostLine(name, blobOf(keys.rsa), { hashed: false }), 'f');
    expect(known.map(({ patterns }) => patterns[0])).toEqual(['|']);
    expect(knownKeyTypes(known, { name, plainName: undefined })).toEqual(['ssh-rsa']);
  });
  it('is not made from a key without a type', () => {
    expect(() => knownHostLine('h', Buffer.alloc(2), { hashed: false })).toThrow(/without a type/);
  });
});

describe('appending', () => {
  it('makes the directory and the file readable only by the user', async () => {
    await appendKnownHost(at('.ssh/known_hosts'), 'line\n');
    const modes = ['.ssh', '.ssh/known_hosts'].map((p) => statSync(at(p)).mode & 0o777);
    expect(modes).toEqual([0o700, 0o600]);
  });
  it('starts a new line after one that has no line end', async () => {
    const file = at('unfinished');
    writeFileSync(file, 'first');
    await appendKnownHost(file, 'second\n');
    await appendKnownHost(file, 'third\n');
    expect(readFileSync(file, 'utf8')).toBe('first\nsecond\nthird\n');
  });
  it('loses no line when many calls append at once', async () => {
    const lines = Array.from({ length: 50 }, (_, i) => `line ${i}\n`);
    await Promise.all(lines.map((line) => appendKnownHost(at('many'), line)));
    const written = readFileSync(at('many'), 'utf8').match(/.*\n/g) ?? [];
    expect(written.toSorted()).toEqual(lines.toSorted());
  });
  it('accepts /dev/null', async () => {
    await expect(appendKnownHost('/dev/null', 'line\n')).resolves.toBeUndefined();
  });
  it('rejects if it cannot write', async () => {
    await expect(appendKnownHost('/proc/none/known_hosts', 'line\n')).rejects.toThrow(/ENOENT/);
  });
});

describe('loading', () => {
  it('joins the files in their order', async () => {
    writeFileSync(at('one'), `a ${keys.rsa}\n`);
    writeFileSync(at('two'), `b ${keys.rsa}\n`);
    const known = await loadKnownHosts([at('two'), at('missing'), directory.path, at('one')]);
    expect(known.map(({ patterns }) => patterns)).toEqual(['b', 'a']);
  });
  it('does not wait for a pipe', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    expect(await loadKnownHosts([at('pipe')])).toEqual([]);
    rmSync(at('pipe'));
  });
});

/** The lines that name the host according to ssh-keygen. */
const theirs = (file: string, host: string): number[] => {
  const answer = askKeygen('-lF', host, '-f', file);
  return [...answer.matchAll(/found: line (\d+)/g)].map(([, line]) => Number(line));
};
const ours = (text: string, host: string): number[] =>
  parseKnownHosts(text, 'f')
    // Checked one by one: a line that names the host decides about its own key.
    .filter((entry) => {
      const plain = { ...entry, marker: 'none' as const };
      return judge([plain], { name: host, plainName: undefined }, entry.key).kind === 'match';
    })
    .map(({ line }) => line);

describe('the known_hosts parser, compared with ssh-keygen -F,', () => {
  const label = fc.string({
    unit: fc.constantFrom('a', 'b', '.', '-'),
    minLength: 1,
    maxLength: 4,
  });
  const name = fc.oneof(
    label,
    label.map((host) => `[${host}]:2222`),
  );
  const wild = fc.string({
    unit: fc.constantFrom('a', 'b', 'B', '.', '*', '?', '[', ']:2222'),
    maxLength: 5,
  });
  const pattern = fc
    .tuple(fc.boolean(), fc.oneof(wild, name))
    .map(([not, p]) => (not ? `!${p}` : p));
  const patterns = fc
    .array(pattern, { minLength: 1, maxLength: 4 })
    .map((list) => list.join(','))
    .filter((list) => /^[^|]/.test(list));
  const marker = fc.constantFrom('', '', '@revoked ', '@cert-authority ');
  const lines = fc.array(fc.tuple(marker, patterns), { minLength: 1, maxLength: 8 });

  it('agrees on plain names, wildcards, negation and ports', () => {
    const file = at('oracle');
    fc.assert(
      fc.property(lines, name, (rows, host) => {
        const text = rows.map(([mark, list]) => `${mark}${list} ${keys.ed25519}\n`).join('');
        writeFileSync(file, text);
        expect(ours(text, host)).toEqual(theirs(file, host));
      }),
      { numRuns: 60 },
    );
  });

  it('agrees on names that ssh-keygen -H hashed', () => {
    const file = at('hashed');
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), name, (hosts, host) => {
        writeFileSync(file, hosts.map((known) => `${known} ${keys.ed25519}\n`).join(''));
        keygen('-H', '-f', file);
        const text = readFileSync(file, 'utf8');
        expect(ours(text, host)).toEqual(theirs(file, host));
      }),
      { numRuns: 40 },
    );
  });

  it('agrees on which keys are well-formed', () => {
    const file = at('malformed');
    const all = ['ed25519', 'rsa', 'ecdsa'] as const;
    const damage = fc.record({
      name: fc.constantFrom(...all),
      at: fc.nat(80),
      with: fc.constantFrom('', ' ', '=', '-', '\r', 'A', '#'),
    });
    fc.assert(
      fc.property(damage, ({ name: which, at: index, with: text }) => {
        const key = keys[which];
        const line = `host ${key.slice(0, index)}${text}${key.slice(index + 1)}\n`;
        // The parser does not check points on the curve, so changes there are left out.
        fc.pre(which !== 'ecdsa' || index < 60);
        writeFileSync(file, line);
        expect(ours(line, 'host')).toEqual(theirs(file, 'host'));
      }),
      { numRuns: 60 },
    );
  });

  it('is fast with a hostile pattern', () => {
    const text = `${'*a'.repeat(400)}*b ${keys.ed25519}`;
    expect(verdict(text, keys.ed25519, { name: 'a'.repeat(5000), plainName: undefined })).toBe(
      'unknown',
    );
  });
});

const isNeeded = (text: string): boolean => hasCertAuthority(parseKnownHosts(text, 'file'), PORT);

describe('a certificate authority', () => {
  it.each([
    ['of the host', '@cert-authority [host]:2222', true],
    ['of its name without the port', '@cert-authority host', true],
    ['by a pattern', '@cert-authority *', true],
    ['of another host', '@cert-authority other', false],
    ['that is negated', '@cert-authority !host,![host]:2222,*', false],
    ['that is none', '[host]:2222', false],
  ])('%s: %s', (_, line, expected) => {
    expect(isNeeded(`${line} ${keys.other}\n`)).toBe(expected);
  });

  it('is not needed if a plain key is known', () => {
    expect(isNeeded(`@cert-authority * ${keys.other}\n[host]:2222 ${keys.rsa}\n`)).toBe(false);
  });

  it('is needed if a plain key is only revoked, or known without the port', () => {
    expect(isNeeded(`@cert-authority * ${keys.other}\n@revoked * ${keys.rsa}\n`)).toBe(true);
    expect(isNeeded(`@cert-authority * ${keys.other}\nhost ${keys.rsa}\n`)).toBe(true);
  });
});
