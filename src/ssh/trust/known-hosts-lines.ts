/** The lines of known_hosts (sshd(8)), and judging a key by them as OpenSSH's hostfile.c does. Pure. */
import { createHash, randomBytes } from 'node:crypto';
import { SshpoolError } from '../../base/errors.ts';
import { keyTypeNamed, typeOfAlgorithm } from '../keys/key-types.ts';
import { hashName, lowerCase, matchesHost, saltOf } from './host-patterns.ts';
import {
  canonicalKey,
  parseForeignKey,
  parsePublicKey,
  publicKeyType,
} from '../keys/public-key.ts';

/** `patterns` as written; `keyType` is the wire name; `key` in its canonical form; `line` from 1. */
export interface KnownHost {
  readonly marker: 'none' | 'revoked' | 'cert-authority';
  readonly patterns: string;
  readonly keyType: string;
  readonly key: Buffer;
  /** sshpool cannot read keys of its type; the installed ssh may (ssh(1), -Q key). */
  readonly isForeign?: true;
  readonly file: string;
  readonly line: number;
}

/** The names to look up: as ssh writes it, and, if that has a port, the host alone. */
export interface LookupName {
  readonly name: string;
  readonly plainName: string | undefined;
}

/** `entry` is the line that decided. */
export type HostKeyVerdict =
  | { readonly kind: 'match'; readonly entry: KnownHost }
  | { readonly kind: 'changed'; readonly entry: KnownHost }
  | { readonly kind: 'revoked'; readonly entry: KnownHost }
  | { readonly kind: 'unknown' };

/** All lines that are well-formed; ssh ignores the others as well. */
export function parseKnownHosts(text: string, file: string): KnownHost[] {
  return text.split('\n').flatMap((row, index) => {
    const parsed = parseLine(row);
    return parsed ? [{ ...parsed, file, line: index + 1 }] : [];
  });
}

const MARKERS = new Map<string, KnownHost['marker']>([
  ['@revoked', 'revoked'],
  ['@cert-authority', 'cert-authority'],
]);

function parseLine(row: string): Omit<KnownHost, 'file' | 'line'> | undefined {
  const found = /^[ \t]*(?:(@[^ \t]*)[ \t]+)?([^@# \t][^ \t]*)[ \t]+([^]*)$/.exec(row);
  if (!found) return undefined;
  const [, word, patterns = '', rest = ''] = found;
  const marker = word === undefined ? 'none' : MARKERS.get(word);
  if (patterns.startsWith('|') && saltOf(patterns) === undefined) return undefined;
  const own = parsePublicKey(rest);
  const key = own ?? parseForeignKey(rest);
  if (marker === undefined || key === undefined) return undefined;
  const line = { marker, patterns, keyType: key.type, key: key.blob };
  return own === undefined ? { ...line, isForeign: true } : line;
}

export interface NamingOptions {
  readonly hostname: string;
  readonly port: number;
  readonly hostKeyAlias?: string | undefined;
}

/** The name under which a host is known: HostKeyAlias, or the host with its port if not 22. */
export function lookupName(options: NamingOptions): LookupName {
  if (options.hostKeyAlias !== undefined) {
    return { name: lowerCase(options.hostKeyAlias), plainName: undefined };
  }
  const host = lowerCase(options.hostname);
  if (options.port === 22) return { name: host, plainName: undefined };
  return { name: `[${host}]:${options.port}`, plainName: host };
}

/**
 * As check_hostkeys_by_key_or_type (hostfile.c). Another known key means `changed`, even if its type differs:
 * else a man in the middle would offer a type that is not known yet. A host on another port may be known
 * without the port, by the same key (sshconnect.c); stricter than ssh, a key revoked there is refused.
 */
export function judge(known: readonly KnownHost[], name: LookupName, key: Buffer): HostKeyVerdict {
  const offered = canonicalKey(key) ?? key;
  return judgeBy(known, name, {
    isOffered: (entry) => entry.key.equals(offered),
    keyType: publicKeyType(offered),
  });
}

interface Offered {
  readonly isOffered: (entry: KnownHost) => boolean;
  readonly keyType: string | undefined;
}

export function judgeFingerprint(
  known: readonly KnownHost[],
  name: LookupName,
  print: string,
): HostKeyVerdict {
  const hash = print.startsWith('MD5:') ? 'md5' : 'sha256';
  return judgeBy(known, name, {
    isOffered: ({ key }) => fingerprint(key, hash) === print,
    keyType: undefined,
  });
}

function judgeBy(
  known: readonly KnownHost[],
  name: LookupName,
  { isOffered, keyType }: Offered,
): HostKeyVerdict {
  const ours = entriesFor(known, name.name);
  const plain = name.plainName === undefined ? [] : entriesFor(known, name.plainName);
  const revoked = [...ours, ...plain].find((e) => e.marker === 'revoked' && isOffered(e));
  if (revoked) return { kind: 'revoked', entry: revoked };
  const held = ours.filter(({ marker }) => marker === 'none');
  const match = held.find(isOffered);
  if (match) return { kind: 'match', entry: match };
  // ssh names the last line; the user has to look at the last one of the same type, if there is one.
  const other = held.findLast((entry) => entry.keyType === keyType) ?? held.at(-1);
  if (other) return { kind: 'changed', entry: other };
  const bare = plain.find((entry) => entry.marker === 'none' && isOffered(entry));
  return bare ? { kind: 'match', entry: bare } : { kind: 'unknown' };
}

function entriesFor(known: readonly KnownHost[], name: string): KnownHost[] {
  return known.filter(({ patterns }) => matchesHost(patterns, name));
}

/** Whether only a certificate authority (sshd(8)) is known, for the name or, as in ssh, without its port. */
export function hasCertAuthority(
  known: readonly KnownHost[],
  { name, plainName }: LookupName,
): boolean {
  const ours = entriesFor(known, name);
  const plain = plainName === undefined ? [] : entriesFor(known, plainName);
  const isAuthority = ({ marker }: KnownHost): boolean => marker === 'cert-authority';
  return [...ours, ...plain].some(isAuthority) && !ours.some(({ marker }) => marker === 'none');
}

export function linesFor(known: readonly KnownHost[], { name, plainName }: LookupName): string {
  const lines = [name, ...(plainName === undefined ? [] : [plainName])].map((each) =>
    entriesFor(known, each).map(({ marker, key }) => `${marker} ${key.toString('base64')}`),
  );
  return JSON.stringify(lines);
}

export function otherNames(
  known: readonly KnownHost[],
  { name }: LookupName,
  key: Buffer,
): KnownHost[] {
  const offered = canonicalKey(key) ?? key;
  return known.filter(
    (entry) =>
      entry.marker === 'none' && entry.key.equals(offered) && !matchesHost(entry.patterns, name),
  );
}

export function knownKeyTypes(known: readonly KnownHost[], { name }: LookupName): string[] {
  const plain = entriesFor(known, name).filter(({ marker }) => marker === 'none');
  return [...new Set(plain.map(({ keyType }) => keyType))];
}

/** Known types first, else a known host would look changed (sshconnect2.c, order_hostkeyalgs). */
export function orderHostKeyAlgorithms(
  offered: readonly string[],
  knownTypes: readonly string[],
): string[] {
  const isKnown = (algorithm: string): boolean => knownTypes.includes(typeOfAlgorithm(algorithm));
  const [best] = offered;
  if (best === undefined || isKnown(best)) return [...offered];
  return [...offered.filter(isKnown), ...offered.filter((algorithm) => !isKnown(algorithm))];
}

/** As ssh prints it (FingerprintHash): `SHA256:` and unpadded base64, or `MD5:` and hex with colons. */
export function fingerprint(key: Buffer, hash: 'md5' | 'sha256' = 'sha256'): string {
  const digest = createHash(hash).update(key);
  if (hash === 'md5') return `MD5:${digest.digest('hex').replace(/..(?!$)/g, '$&:')}`;
  return `SHA256:${digest.digest('base64').replace(/=+$/, '')}`;
}

/** The type as ssh words it in messages (sshkey_type): ED25519, ECDSA, RSA; else the wire name. */
export function keyTypeLabel(key: Buffer): string {
  return labelOfType(publicKeyType(key) ?? 'unknown');
}

export function labelOfType(type: string): string {
  return keyTypeNamed(type)?.label ?? type;
}

/** Includes the line feed. @throws SshpoolError PROTOCOL where the key names no type */
export function knownHostLine(name: string, key: Buffer, options: { hashed: boolean }): string {
  const type = publicKeyType(key);
  if (type === undefined) throw SshpoolError.of('PROTOCOL', { problem: 'a key without a type' });
  const lower = lowerCase(name);
  // HostKeyAlias=* must not become a line that trusts this key for every host.
  const hashed = options.hashed || !/^[^\p{Cc}\s,*?!|@#]+$/u.test(lower);
  return `${hashed ? hashName(lower, randomBytes(20)) : lower} ${type} ${key.toString('base64')}\n`;
}
