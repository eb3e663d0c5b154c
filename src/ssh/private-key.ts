/**
 * Private key files as ssh2 can use them: OpenSSH's own format, PEM, and PKCS#8, which ssh2 does
 * not read. A passphrase is used and forgotten, and is never part of a reason.
 */
import { createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import ssh2, { type ParsedKey } from 'ssh2';
import { Reader, Writer } from '../base/bytes.ts';
import { describe } from '../base/errors.ts';

export type LoadedKey =
  | { readonly kind: 'key'; readonly key: ParsedKey; readonly publicBlob: Buffer }
  | { readonly kind: 'encrypted'; readonly publicBlob: Buffer | undefined }
  | { readonly kind: 'wrong-passphrase' }
  | { readonly kind: 'missing' }
  /** ssh would not use it either. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unusable'; readonly reason: string };

const MAX_BYTES = 1024 * 1024;

/** Reads a key file; never throws. */
export async function loadPrivateKey(file: string, passphrase?: string): Promise<LoadedKey> {
  const read = await readKey(file);
  if (typeof read !== 'string') return read;
  try {
    return parse(read, passphrase);
  } catch (thrown) {
    return { kind: 'unusable', reason: describe(thrown) };
  }
}

/** The key of FILE.pub, or of FILE where that is a public key; undefined where there is none. */
export async function readPublicKey(file: string): Promise<Buffer | undefined> {
  const texts = await Promise.all([file, `${file}.pub`].map(readText));
  for (const text of texts) {
    const [type, base64] = text.trim().split(/\s+/);
    if (!type || !base64 || !/^[A-Za-z0-9+/]+=*$/.test(base64)) continue;
    const blob = Buffer.from(base64, 'base64');
    if (blob.length > 4 && new Reader(blob).text() === type) return blob;
  }
  return undefined;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return ''; // a public key beside the private one is a help, not a need
  }
}

async function readKey(file: string): Promise<string | LoadedKey> {
  let handle;
  try {
    handle = await open(file);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' };
    return { kind: 'unusable', reason: describe(thrown) };
  }
  try {
    const { mode, uid, size } = await handle.stat();
    // sshkey_perm_ok (authfile.c): only a file of our own is checked.
    if (uid === process.getuid?.() && (mode & 0o077) !== 0) {
      const shown = (mode & 0o777).toString(8).padStart(4, '0');
      return { kind: 'refused', reason: `bad permissions (${shown}; it must not be accessible by others)` };
    }
    if (size > MAX_BYTES) return { kind: 'unusable', reason: 'it is too large for a key' };
    return await handle.readFile('utf8');
  } catch (thrown) {
    return { kind: 'unusable', reason: describe(thrown) };
  } finally {
    await handle.close();
  }
}

function parse(text: string, passphrase: string | undefined): LoadedKey {
  if (/^-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/m.test(text)) return parsePkcs8(text, passphrase);
  const parsed = ssh2.utils.parseKey(text, passphrase) as ParsedKey | ParsedKey[] | Error;
  if (parsed instanceof Error) return failure(parsed.message, text, passphrase);
  const key = [parsed].flat()[0];
  if (!key?.isPrivateKey()) return { kind: 'unusable', reason: 'it holds no private key' };
  return { kind: 'key', key, publicBlob: key.getPublicSSH() };
}

/** ssh2 tells these cases apart only by its words. */
function failure(words: string, text: string, passphrase: string | undefined): LoadedKey {
  if (/no passphrase given/i.test(words)) return { kind: 'encrypted', publicBlob: publicPart(text) };
  if (passphrase !== undefined && /bad passphrase|integrity|bad decrypt|malformed/i.test(words)) {
    return { kind: 'wrong-passphrase' };
  }
  return { kind: 'unusable', reason: `${words} (ssh-add can load it into a key agent)` };
}

/** The public key in the clear part of OpenSSH's container (PROTOCOL.key). */
function publicPart(text: string): Buffer | undefined {
  const body = /BEGIN OPENSSH PRIVATE KEY-----([^-]+)-----END/.exec(text)?.[1];
  if (body === undefined) return undefined;
  const magic = 'openssh-key-v1\0';
  const container = Buffer.from(body, 'base64');
  if (container.toString('latin1', 0, magic.length) !== magic) return undefined;
  const from = new Reader(container.subarray(magic.length));
  from.string(); // cipher
  from.string(); // key derivation
  from.string(); // its options
  return from.u32() === 1 ? from.string() : undefined;
}

function parsePkcs8(text: string, passphrase: string | undefined): LoadedKey {
  const encrypted = text.includes('BEGIN ENCRYPTED');
  if (encrypted && passphrase === undefined) return { kind: 'encrypted', publicBlob: undefined };
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: text, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (thrown) {
    if (encrypted) return { kind: 'wrong-passphrase' };
    return { kind: 'unusable', reason: describe(thrown) };
  }
  return parse(legacyForm(key), undefined);
}

/** The same key in a form that ssh2 reads. */
function legacyForm(key: KeyObject): string {
  if (key.asymmetricKeyType === 'rsa') return key.export({ type: 'pkcs1', format: 'pem' }).toString();
  if (key.asymmetricKeyType === 'ec') return key.export({ type: 'sec1', format: 'pem' }).toString();
  if (key.asymmetricKeyType === 'ed25519') return ed25519Container(key.export({ format: 'jwk' }));
  throw new Error(`keys of type ${key.asymmetricKeyType} are not supported`);
}

/** OpenSSH's container around one ed25519 key, unencrypted (PROTOCOL.key). */
function ed25519Container({ x = '', d = '' }: JsonWebKey): string {
  const [point, seed] = [Buffer.from(x, 'base64url'), Buffer.from(d, 'base64url')];
  const type = 'ssh-ed25519';
  const publicKey = new Writer().string(type).string(point).finish();
  const secret = new Writer()
    .u32(0)
    .u32(0)
    .string(type)
    .string(point)
    .string(Buffer.concat([seed, point]))
    .string('')
    .finish();
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7].slice(0, (8 - (secret.length % 8)) % 8));
  const container = new Writer()
    .raw(Buffer.from('openssh-key-v1\0'))
    .string('none')
    .string('none')
    .string('')
    .u32(1)
    .string(publicKey)
    .string(Buffer.concat([secret, padding]))
    .finish();
  const lines = container.toString('base64').replace(/.{70}/g, '$&\n');
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`;
}
