/** Private key files as ssh2 can use them. No passphrase is kept; errors quote only the key's type. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import type { ParsedKey } from 'ssh2';
import { describe } from '../../base/errors.ts';
import { keyTypeNamed } from './key-types.ts';
import { ed25519Container, readKeyContainer } from './key-container.ts';
import { parseForeignKey, parsePublicKey, type PublicKey } from './public-key.ts';
import { parseKey } from './foreign-keys.ts';

export interface UsableKey {
  readonly kind: 'key';
  readonly key: ParsedKey;
  readonly publicBlob: Buffer;
  readonly type: string;
}

export type LoadedKey =
  | UsableKey
  | { readonly kind: 'encrypted'; readonly publicBlob: Buffer | undefined }
  | { readonly kind: 'wrong-passphrase' }
  | { readonly kind: 'missing' }
  /** sshpool cannot sign with it; `mayDoForSsh` if OpenSSH may be able to. */
  | {
      readonly kind: 'unusable';
      readonly reason: string;
      readonly publicBlob: Buffer | undefined;
      readonly mayDoForSsh: boolean;
    };

const MAX_BYTES = 1024 * 1024;

/** OpenSSH cannot use it either. */
const useless = (reason: string, publicBlob?: Buffer): LoadedKey => ({
  kind: 'unusable',
  reason,
  publicBlob,
  mayDoForSsh: false,
});
const DAMAGED = useless('it is damaged or no private key');

/** Never throws. A passphrase for an unencrypted key is ignored. */
export async function loadPrivateKey(file: string, passphrase?: Buffer): Promise<LoadedKey> {
  const read = await readKeyFile(file);
  if (typeof read !== 'string') return read;
  const loaded = parse(read, passphrase);
  if (loaded.kind !== 'encrypted' || loaded.publicBlob) return loaded;
  return { kind: 'encrypted', publicBlob: await readPublicKey(file) };
}

/** The key of FILE if that is a one-line public key or certificate, else of FILE.pub (sshkey_load_public). */
export function readPublicKey(file: string): Promise<Buffer | undefined> {
  return firstKey(file, parsePublicKey);
}

/** The same for a type that sshpool cannot read; a key agent or OpenSSH may sign with it. */
export function readForeignKey(file: string): Promise<Buffer | undefined> {
  return firstKey(file, parseForeignKey);
}

async function firstKey(
  file: string,
  read: (line: string) => PublicKey | undefined,
): Promise<Buffer | undefined> {
  for (const path of [file, `${file}.pub`]) {
    for (const line of (await readIfThere(path)).split('\n')) {
      if (line.startsWith('-----BEGIN')) break;
      const key = read(line);
      if (key) return key.blob;
    }
  }
  return undefined;
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await withFile(file, (handle) => readCapped(handle));
  } catch {
    return ''; // a public key beside the private one is optional
  }
}

async function readKeyFile(file: string): Promise<string | LoadedKey> {
  try {
    return await withFile(file, async (handle) => {
      const { mode, uid, size } = await handle.stat();
      // sshkey_perm_ok (authfile.c): only a file of this user is checked.
      if (uid === process.getuid?.() && (mode & 0o077) !== 0) {
        const shown = (mode & 0o777).toString(8).padStart(4, '0');
        const reason = `bad permissions (${shown}: it must not be accessible by others)`;
        return useless(reason, publicPart(await readCapped(handle)));
      }
      if (size > MAX_BYTES) return useless('it is too large for a key');
      return readCapped(handle);
    });
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' };
    return useless(describe(thrown)); // words of the system: a code and the path
  }
}

async function withFile<T>(file: string, read: (handle: FileHandle) => Promise<T>): Promise<T> {
  // Non-blocking: a named pipe must not hold up the connection.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return await read(handle);
  } finally {
    await handle.close();
  }
}

/** Empty for anything but a regular file, and for one that is too large. */
async function readCapped(handle: FileHandle): Promise<string> {
  const stat = await handle.stat();
  return stat.isFile() && stat.size <= MAX_BYTES ? handle.readFile('utf8') : '';
}

function publicPart(text: string): Buffer | undefined {
  const block = firstBlock(text);
  return block && readKeyContainer(block.text)?.publicBlob;
}

function parse(text: string, passphrase: Buffer | undefined): LoadedKey {
  const block = firstBlock(text);
  if (!block) {
    if (!text.startsWith('PuTTY-User-Key-File')) return DAMAGED;
    return useless('it is in the format of PuTTY; puttygen can export it in that of OpenSSH');
  }
  switch (block.label) {
    case 'OPENSSH PRIVATE KEY':
      return parseContainer(block.text, passphrase);
    case 'RSA PRIVATE KEY':
    case 'EC PRIVATE KEY':
    case 'PRIVATE KEY':
    case 'ENCRYPTED PRIVATE KEY':
      return parsePem(block.text, passphrase);
    case 'DSA PRIVATE KEY':
      return unsupported('ssh-dss');
    default:
      return DAMAGED;
  }
}

function unsupported(type: string, publicBlob?: Buffer): LoadedKey {
  return onlyBySsh(`a key file of type ${type} is not supported`, publicBlob);
}

function onlyBySsh(problem: string, publicBlob?: Buffer): LoadedKey {
  const reason = `${problem}: load it into a key agent with ssh-add`;
  return { kind: 'unusable', reason, publicBlob, mayDoForSsh: true };
}

/** Other blocks (EC PARAMETERS) may stand before it. */
function firstBlock(text: string): { label: string; text: string } | undefined {
  const begin = /-----BEGIN ((?:[A-Z0-9]+ )?(?:PRIVATE KEY))-----/.exec(text);
  const label = begin?.[1];
  if (!begin || label === undefined) return undefined;
  const last = `-----END ${label}-----`;
  const end = text.indexOf(last, begin.index);
  return end < 0 ? undefined : { label, text: text.slice(begin.index, end + last.length) };
}

const CIPHERS = /^(?:aes(?:128|192|256)-(?:ctr|cbc)|aes(?:128|256)-gcm@openssh\.com|3des-cbc)$/;
/** A round blocks this process for some 20 ms. ssh-keygen uses 16 or 24; users are often told to use 100. */
const MAX_ROUNDS = 128;

/** OpenSSH's own format (PROTOCOL.key). */
function parseContainer(text: string, passphrase: Buffer | undefined): LoadedKey {
  const container = readKeyContainer(text);
  if (!container) return DAMAGED;
  const { cipher, rounds, type, publicBlob } = container;
  if (!keyTypeNamed(type)?.signs) return unsupported(type, publicBlob);
  if (cipher === 'none') return toSsh2(text, publicBlob);
  if (!CIPHERS.test(cipher)) return onlyBySsh('its cipher is not supported', publicBlob);
  if (rounds > MAX_ROUNDS) return onlyBySsh('it takes too long to decrypt', publicBlob);
  if (passphrase === undefined) return { kind: 'encrypted', publicBlob };
  const loaded = toSsh2(text, publicBlob, passphrase);
  return loaded.kind === 'key' ? loaded : { kind: 'wrong-passphrase' };
}

/** `publicBlob` is the key that the file says it holds. */
function toSsh2(text: string, publicBlob?: Buffer, passphrase?: Buffer): LoadedKey {
  const key = parseWithSsh2(text, passphrase);
  if (!key?.isPrivateKey()) return DAMAGED;
  const held = key.getPublicSSH();
  // As in ssh: otherwise the key would be offered under the name of another one.
  if (publicBlob && !held.equals(publicBlob)) return DAMAGED;
  return { kind: 'key', key, publicBlob: held, type: key.type };
}

function parseWithSsh2(text: string, passphrase?: Buffer): ParsedKey | undefined {
  try {
    // Despite its declared type, it may be a list.
    const parsed = parseKey(text, passphrase) as ParsedKey | ParsedKey[] | Error;
    return parsed instanceof Error ? undefined : [parsed].flat()[0];
  } catch {
    // An error, returned or thrown, may quote the file, so its message is dropped.
    return undefined;
  }
}

/** PEM and PKCS#8: all that OpenSSL reads, converted to a form that ssh2 reads. */
function parsePem(text: string, passphrase: Buffer | undefined): LoadedKey {
  const isEncrypted = /^(?:-----BEGIN ENCRYPTED |Proc-Type: *4, *ENCRYPTED)/m.test(text);
  if (isEncrypted && passphrase === undefined) return { kind: 'encrypted', publicBlob: undefined };
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: text, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch {
    // OpenSSL cannot tell a wrong passphrase from a damaged file, and nor can ssh.
    return isEncrypted ? { kind: 'wrong-passphrase' } : DAMAGED;
  }
  const form = formForSsh2(key);
  if (form !== undefined) return toSsh2(form);
  const type = key.asymmetricKeyType ?? 'unknown';
  // Of the other types OpenSSH reads only this one from PEM (sshkey.c).
  return type === 'dsa' ? unsupported(type) : useless(`a key of type ${type} is none for ssh`);
}

const CURVES = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

function formForSsh2(key: KeyObject): string | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'rsa') return key.export({ type: 'pkcs1', format: 'pem' }).toString();
  if (type === 'ed25519') return ed25519Container(key.export({ format: 'jwk' }));
  if (type !== 'ec' || !CURVES.has(details?.namedCurve ?? '')) return undefined;
  return key.export({ type: 'sec1', format: 'pem' }).toString();
}
