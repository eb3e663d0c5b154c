import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Writer } from '../../../../src/base/bytes.ts';
import {
  loadPrivateKey,
  readForeignKey,
  readPublicKey,
  type LoadedKey,
} from '../../../../src/ssh/keys/private-key.ts';
import { armour, keyContainer } from '../../../support/key-container.ts';
import { blobOf, keygen, makeDirectory, makeKey } from './keygen.ts';

const directory = makeDirectory();
const at = (name: string): string => join(directory.path, name);
const PASSPHRASE = 'open sesame é';
const [SECRET, WRONG] = [Buffer.from(PASSPHRASE), Buffer.from('wrong')];
let plain = '';

beforeAll(() => {
  plain = makeKey(at('plain'), 'ed25519');
});
afterAll(() => directory[Symbol.dispose]());

/** Writes a private key file as ssh-keygen would: readable only by the user. */
function writeKey(name: string, text: string | Buffer): string {
  writeFileSync(at(name), text, { mode: 0o600 });
  return at(name);
}

/** Whether the loaded key is that of the public line: it has the same blob, and its signatures are valid. */
function isKeyOf(loaded: LoadedKey, publicKey: string): boolean {
  if (loaded.kind !== 'key') throw new Error(JSON.stringify(loaded));
  const theirs = ssh2.utils.parseKey(publicKey);
  if (theirs instanceof Error) throw theirs;
  const data = Buffer.from('data');
  return (
    loaded.publicBlob.equals(blobOf(publicKey)) &&
    publicKey.startsWith(`${loaded.type} `) &&
    theirs.verify(data, loaded.key.sign(data))
  );
}

function reason(loaded: LoadedKey): string {
  return 'reason' in loaded ? `${loaded.kind}: ${loaded.reason}` : loaded.kind;
}

const TYPES: readonly (readonly [type: string, ...more: string[]])[] = [
  ['ed25519'],
  ['rsa', '-b', '2048'],
  ['ecdsa', '-b', '256'],
  ['ecdsa', '-b', '384'],
  ['ecdsa', '-b', '521'],
];
const named = (name: string): string => name.replaceAll(/[ -]/g, '_');

describe("a key in OpenSSH's format", () => {
  it.each(TYPES)('is loaded: %s %s %s', async (type, ...more) => {
    const file = at(named(`openssh ${type} ${more.join()}`));
    const publicKey = makeKey(file, type, ...more);
    expect(isKeyOf(await loadPrivateKey(file), publicKey)).toBe(true);
  });
  it.each([
    'aes256-ctr',
    'aes128-ctr',
    'aes192-cbc',
    'aes256-gcm@openssh.com',
    'aes128-gcm@openssh.com',
    '3des-cbc',
  ])('is decrypted: %s', async (cipher) => {
    const publicKey = makeKey(at(cipher), 'ed25519', '-N', PASSPHRASE, '-Z', cipher, '-a', '2');
    expect(isKeyOf(await loadPrivateKey(at(cipher), SECRET), publicKey)).toBe(true);
    expect(await loadPrivateKey(at(cipher), WRONG)).toEqual({ kind: 'wrong-passphrase' });
  });
  it('provides its public key without its passphrase, and without FILE.pub', async () => {
    const publicKey = makeKey(at('locked'), 'rsa', '-b', '2048', '-N', PASSPHRASE, '-a', '2');
    rmSync(at('locked.pub'));
    expect(await loadPrivateKey(at('locked'))).toEqual({
      kind: 'encrypted',
      publicBlob: blobOf(publicKey),
    });
  });
  it('refuses an empty passphrase', async () => {
    const publicKey = makeKey(at('bytes'), 'ed25519', '-N', PASSPHRASE, '-a', '2');
    expect(isKeyOf(await loadPrivateKey(at('bytes'), SECRET), publicKey)).toBe(true);
    expect(reason(await loadPrivateKey(at('bytes'), Buffer.alloc(0)))).toBe('wrong-passphrase');
  });
  it('is loaded without a passphrase if it is not encrypted, even if one is given', async () => {
    expect(isKeyOf(await loadPrivateKey(at('plain'), WRONG), plain)).toBe(true);
  });
  it('may have the line ends of another system', async () => {
    const text = readFileSync(at('plain'), 'utf8').replaceAll('\n', '\r\n');
    expect(isKeyOf(await loadPrivateKey(writeKey('crlf', text)), plain)).toBe(true);
  });
  it('is left to the key agent if its cipher is not supported', async () => {
    makeKey(at('chacha'), 'ed25519', '-N', PASSPHRASE, '-Z', 'chacha20-poly1305@openssh.com');
    expect(reason(await loadPrivateKey(at('chacha'), SECRET))).toMatch(/^unusable: .*ssh-add$/);
  });
  it('is left to the key agent if decrypting it would block this process for long', async () => {
    const text = readFileSync(at('aes256-ctr'), 'utf8').split('-----')[2] ?? '';
    const bytes = Buffer.from(text, 'base64');
    // The kdf options of bcrypt: a string of 16 bytes of salt, and the rounds.
    const rounds = bytes.indexOf('bcrypt') + 'bcrypt'.length + 4 + 4 + 16;
    bytes.writeUInt32BE(1_000_000, rounds);
    const file = writeKey('slow', armour(bytes));
    expect(reason(await loadPrivateKey(file, SECRET))).toMatch(/too long to decrypt.*ssh-add$/);
  });
  it.each(['sk-ssh-ed25519@openssh.com', 'ssh-dss'])(
    'is left to the key agent if its type is %s',
    async (type) => {
      const blob = new Writer().string(type).string(Buffer.alloc(32)).string('ssh:').finish();
      const file = writeKey(named(type), keyContainer(blob));
      expect(reason(await loadPrivateKey(file))).toMatch(
        new RegExp(`^unusable: .*${type}.*ssh-add$`),
      );
    },
  );
  it('is refused if its public half belongs to another key', async () => {
    const bytes = Buffer.from(readFileSync(at('plain'), 'utf8').split('-----')[2] ?? '', 'base64');
    const byte = bytes.indexOf(blobOf(plain)) + blobOf(plain).length - 1;
    bytes[byte] = (bytes[byte] ?? 0) ^ 1;
    expect(reason(await loadPrivateKey(writeKey('mixed', armour(bytes))))).toMatch(/damaged/);
  });
});

describe('a key in PEM or PKCS#8', () => {
  // ssh-keygen writes ed25519 only in its own format: its tests are below.
  const formats: [string, string, ...string[]][] = TYPES.slice(1).flatMap(([type, ...more]) =>
    ['PEM', 'PKCS8'].map((format) => [type, format, ...more] as [string, string, ...string[]]),
  );

  it.each(formats)('is loaded: %s in %s %s %s', async (type, format, ...more) => {
    const file = at(named(`${format} ${type} ${more.join()}`));
    const publicKey = makeKey(file, type, '-m', format, ...more);
    expect(isKeyOf(await loadPrivateKey(file), publicKey)).toBe(true);
  });
  it.each(formats)('is decrypted: %s in %s %s %s', async (type, format, ...more) => {
    const file = at(named(`locked ${format} ${type} ${more.join()}`));
    const publicKey = makeKey(file, type, '-m', format, '-N', PASSPHRASE, ...more);
    expect(isKeyOf(await loadPrivateKey(file, SECRET), publicKey)).toBe(true);
    expect(await loadPrivateKey(file, WRONG)).toEqual({ kind: 'wrong-passphrase' });
    expect(await loadPrivateKey(file)).toEqual({
      kind: 'encrypted',
      publicBlob: blobOf(publicKey),
    });
  });
  it('provides no public key if it is encrypted and FILE.pub is missing', async () => {
    const file = at('nopub');
    makeKey(file, 'rsa', '-b', '2048', '-m', 'PEM', '-N', PASSPHRASE);
    rmSync(`${file}.pub`);
    expect(await loadPrivateKey(file)).toEqual({ kind: 'encrypted', publicBlob: undefined });
  });
  it('is loaded if it is ed25519', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    const loaded = await loadPrivateKey(writeKey('ed-pkcs8', pem));
    if (loaded.kind !== 'key') throw new Error(reason(loaded));
    const point = createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '';
    expect(loaded.publicBlob.subarray(-32)).toEqual(Buffer.from(point, 'base64url'));
    const publicKey = `${loaded.type} ${loaded.publicBlob.toString('base64')}`;
    expect(isKeyOf(loaded, publicKey)).toBe(true);
  });
  it('is decrypted if it is ed25519', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const lock = { cipher: 'aes-256-cbc', passphrase: PASSPHRASE };
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem', ...lock });
    const file = writeKey('ed-pkcs8-locked', pem);
    expect((await loadPrivateKey(file, SECRET)).kind).toBe('key');
    expect((await loadPrivateKey(file, WRONG)).kind).toBe('wrong-passphrase');
  });
  it('may follow the parameters that openssl writes first', async () => {
    const args = ['ecparam', '-name', 'prime256v1', '-genkey'];
    const text = execFileSync('openssl', args, { encoding: 'utf8' });
    expect(text).toContain('EC PARAMETERS');
    expect((await loadPrivateKey(writeKey('params', text))).kind).toBe('key');
  });
  it.each(['secp256k1', 'x25519', 'ed448', 'rsa-pss', 'dsa'] as const)(
    'is not used if it is %s',
    async (type) => {
      const file = writeKey(named(type), foreignKey(type));
      expect(reason(await loadPrivateKey(file))).toMatch(
        /^unusable: .*(not supported|none for ssh)/,
      );
    },
  );
  it('of a type that only OpenSSH supports provides its public key', async () => {
    makeKey(at('dsa-whole'), 'dsa');
    const publicBlob = blobOf(readFileSync(at('dsa-whole.pub'), 'utf8'));
    expect(await loadPrivateKey(at('dsa-whole'))).toMatchObject({ publicBlob, mayDoForSsh: true });
  });
  it('that is damaged is not left to ssh either', async () => {
    const file = writeKey('damaged', '-----BEGIN OPENSSH PRIVATE KEY-----\nnone\n');
    expect(await loadPrivateKey(file)).toMatchObject({ kind: 'unusable', mayDoForSsh: false });
  });
  it('is not used if it is a DSA key in PEM', async () => {
    makeKey(at('dsa-pem'), 'dsa', '-m', 'PEM');
    expect(reason(await loadPrivateKey(at('dsa-pem')))).toMatch(/^unusable: .*ssh-dss.*ssh-add$/);
  });
});

type Foreign = 'secp256k1' | 'x25519' | 'ed448' | 'rsa-pss' | 'dsa';

function foreignKey(type: Foreign): string | Buffer {
  return generateForeign(type).privateKey.export({ type: 'pkcs8', format: 'pem' });
}

function generateForeign(type: Foreign): KeyPairKeyObjectResult {
  switch (type) {
    case 'secp256k1':
      return generateKeyPairSync('ec', { namedCurve: type });
    case 'x25519':
      return generateKeyPairSync('x25519');
    case 'ed448':
      return generateKeyPairSync('ed448');
    case 'rsa-pss':
      return generateKeyPairSync('rsa-pss', { modulusLength: 1024 });
    case 'dsa':
      return generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 });
  }
}

describe('a key file', () => {
  it('that does not exist is missing', async () => {
    expect(await loadPrivateKey(at('none'))).toEqual({ kind: 'missing' });
    expect(await loadPrivateKey(join(at('plain'), 'below'))).toEqual({ kind: 'missing' });
  });
  it.each([0o640, 0o604, 0o610])('that other users can access (%o) is refused', async (mode) => {
    copyFileSync(at('plain'), at('open'));
    chmodSync(at('open'), mode);
    expect(reason(await loadPrivateKey(at('open')))).toMatch(/^unusable: bad permissions \(06/);
    rmSync(at('open'));
  });
  it('may be read-only', async () => {
    copyFileSync(at('plain'), at('readonly'));
    chmodSync(at('readonly'), 0o400);
    expect((await loadPrivateKey(at('readonly'))).kind).toBe('key');
  });
  it('is reached through a symbolic link', async () => {
    execFileSync('ln', ['-s', at('plain'), at('link')]);
    expect((await loadPrivateKey(at('link'))).kind).toBe('key');
  });
  it.each([
    ['is empty', () => ''],
    ['is a public key', () => plain],
    ['is cut short', () => readFileSync(at('plain'), 'utf8').slice(0, 200)],
    [
      'holds a PEM block of nonsense',
      () => '-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----',
    ],
    ['holds an OpenSSH block of nonsense', () => armour(Buffer.from('nonsense'))],
    [
      'holds a block of an unknown sort',
      () => armour(Buffer.alloc(9)).replaceAll('OPENSSH', 'SSH2'),
    ],
  ])('that %s is unusable', async (_, text) => {
    expect(reason(await loadPrivateKey(writeKey('odd', text())))).toMatch(
      /^unusable: it is damaged/,
    );
  });
  it('of PuTTY is unusable, as for ssh', async () => {
    const file = writeKey('ppk', 'PuTTY-User-Key-File-2: ssh-rsa\r\nEncryption: none\r\n');
    expect(reason(await loadPrivateKey(file))).toMatch(/PuTTY/);
  });
  it('that is too large is not read', async () => {
    truncateSync(writeKey('large', readFileSync(at('plain'))), 1024 * 1024 + 1);
    expect(reason(await loadPrivateKey(at('large')))).toMatch(/too large/);
  });
  it('that is a directory or a pipe is unusable, and the loader does not wait', async () => {
    execFileSync('mkfifo', ['-m', '600', at('pipe')]);
    chmodSync(directory.path, 0o700);
    expect(reason(await loadPrivateKey(directory.path))).toMatch(/^unusable/);
    expect(reason(await loadPrivateKey(at('pipe')))).toMatch(/^unusable/);
  });
  it('never makes the loader throw or quote its contents, however it is damaged', async () => {
    const whole = readFileSync(at('plain'), 'utf8').split('-----')[2] ?? '';
    const bytes = Buffer.from(whole, 'base64');
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), async (index, value) => {
        const damaged = Buffer.from(bytes);
        damaged[index] = value;
        const loaded = await loadPrivateKey(writeKey('damaged', armour(damaged)), WRONG);
        expect(reason(loaded)).toMatch(
          /^(key|encrypted|wrong-passphrase|unusable: (it is damaged|its cipher|a key file of type).*)$/,
        );
      }),
      { numRuns: 300 },
    );
  });
});

describe('a public key', () => {
  it('is read from the file itself', async () => {
    expect(await readPublicKey(at('plain.pub'))).toEqual(blobOf(plain));
  });
  it('is read from FILE.pub beside a private key', async () => {
    expect(await readPublicKey(at('plain'))).toEqual(blobOf(plain));
  });
  it('may follow comments and white space', async () => {
    const file = writeKey('commented.pub', `# mine\n\n  ${plain} me@home\n`);
    expect(await readPublicKey(file)).toEqual(blobOf(plain));
  });
  it('may be a certificate', async () => {
    keygen('-q', '-s', at('plain'), '-I', 'id', '-n', 'me', at('plain.pub'));
    const certificate = readFileSync(at('plain-cert.pub'), 'utf8');
    expect(await readPublicKey(at('plain-cert.pub'))).toEqual(blobOf(certificate));
  });
  it('may be that of a security key', async () => {
    const type = 'sk-ssh-ed25519@openssh.com';
    const blob = new Writer().string(type).string(Buffer.alloc(32, 1)).string('ssh:').finish();
    const file = writeKey('sk.pub', `${type} ${blob.toString('base64')} token\n`);
    expect(await readPublicKey(file)).toEqual(blob);
  });
  it('of an unsupported type is skipped, and reported as such', async () => {
    const blob = new Writer().string('ssh-new').string(Buffer.alloc(40, 1)).finish();
    const line = `ssh-new ${blob.toString('base64')} me\n`;
    const file = writeKey('new.pub', `${line}${plain}\n`);
    expect(await readPublicKey(file)).toEqual(blobOf(plain));
    expect(await readForeignKey(file)).toEqual(blob);
  });
  it('is undefined if there is none', async () => {
    expect(await readPublicKey(at('none'))).toBeUndefined();
    expect(await readPublicKey(writeKey('text', 'ssh-rsa nonsense\nmore'))).toBeUndefined();
  });
});
