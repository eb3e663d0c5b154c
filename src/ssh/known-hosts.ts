/**
 * known_hosts files (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): reading, judging a key by them as
 * OpenSSH's hostfile.c does, and appending. What becomes of the verdict is not decided here.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Reader } from '../base/bytes.ts';
import type { SshOptions } from '../config/ssh-config.ts';

/** One line. `patterns` as written; `keyType` is the wire name such as ssh-ed25519. */
export interface KnownHost {
  readonly marker: 'none' | 'revoked' | 'cert-authority';
  readonly patterns: string;
  readonly keyType: string;
  readonly key: Buffer;
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** What is looked up: the name as ssh writes it, and the bare host where a port is in it. */
export interface LookupName {
  readonly name: string;
  readonly plainName: string | undefined;
}

export type Verdict =
  | { readonly kind: 'match'; readonly entry: KnownHost }
  | { readonly kind: 'changed'; readonly entry: KnownHost }
  | { readonly kind: 'revoked'; readonly entry: KnownHost }
  | { readonly kind: 'unknown' };

const MARKERS: Readonly<Record<string, KnownHost['marker'] | undefined>> = {
  '@revoked': 'revoked',
  '@cert-authority': 'cert-authority',
};

/** All lines that are well-formed; ssh passes over the others as well. */
export function parseKnownHosts(text: string, file: string): KnownHost[] {
  return text.split('\n').flatMap((row, index): KnownHost[] => {
    const words = row.trim().split(/[ \t]+/);
    if (words[0] === undefined || words[0] === '' || words[0].startsWith('#')) return [];
    const marker = words[0].startsWith('@') ? MARKERS[words.shift() ?? ''] : 'none';
    const [patterns, keyType, base64] = words;
    if (marker === undefined || !patterns || !keyType || !base64) return [];
    const key = Buffer.from(base64, 'base64');
    if (typeOf(key) !== keyType) return [];
    return [{ marker, patterns, keyType, key, file, line: index + 1 }];
  });
}

/** The name under which a host is known: HostKeyAlias, or the host with its port if not 22. */
export function lookupName(options: Pick<SshOptions, 'hostKeyAlias' | 'hostname' | 'port'>): LookupName {
  if (options.hostKeyAlias !== undefined) {
    return { name: options.hostKeyAlias.toLowerCase(), plainName: undefined };
  }
  const host = options.hostname.toLowerCase();
  if (options.port === 22) return { name: host, plainName: undefined };
  return { name: `[${host}]:${options.port}`, plainName: host };
}

/**
 * Judges a key. A revoked key is refused under every name; a key that differs from a known one of
 * the same type is changed; one of a type that is not known yet is unknown. A host on another
 * port may also be known without its port, but only by that very key (sshconnect.c).
 */
export function judge(known: readonly KnownHost[], name: LookupName, key: Buffer): Verdict {
  const ours = known.filter((entry) => matches(entry.patterns, name.name));
  const { plainName } = name;
  const plain = plainName === undefined ? [] : known.filter((e) => matches(e.patterns, plainName));
  const revoked = [...ours, ...plain].find((e) => e.marker === 'revoked' && e.key.equals(key));
  if (revoked) return { kind: 'revoked', entry: revoked };
  const isThis = (entry: KnownHost): boolean => entry.marker === 'none' && entry.key.equals(key);
  const match = ours.find(isThis);
  if (match) return { kind: 'match', entry: match };
  const keyType = typeOf(key);
  const other = ours.find((entry) => entry.marker === 'none' && entry.keyType === keyType);
  if (other) return { kind: 'changed', entry: other };
  const bare = plain.find(isThis);
  return bare ? { kind: 'match', entry: bare } : { kind: 'unknown' };
}

/** The key types known for a host, in the order of the files. */
export function knownKeyTypes(known: readonly KnownHost[], { name }: LookupName): string[] {
  const ours = known.filter(({ marker, patterns }) => marker === 'none' && matches(patterns, name));
  return [...new Set(ours.map(({ keyType }) => keyType))];
}

const RSA = ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'];

/** The offered algorithms, those whose keys are known first: else a known host looks changed. */
export function orderHostKeyAlgorithms(
  offered: readonly string[],
  knownTypes: readonly string[],
): string[] {
  const preferred = new Set(knownTypes.flatMap((type) => (type === 'ssh-rsa' ? RSA : [type])));
  const first = offered.filter((algorithm) => preferred.has(algorithm));
  return [...first, ...offered.filter((algorithm) => !preferred.has(algorithm))];
}

/** `SHA256:` and the unpadded base64 of the key's digest, as ssh prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The type as ssh names it in messages: ED25519, ECDSA, RSA. */
export function keyTypeLabel(key: Buffer): string {
  const type = typeOf(key);
  const label = /^(?:sk-)?(?:ssh-|ecdsa-)?(ed25519|rsa|dss|sha2-nistp\d+)/.exec(type)?.[1];
  if (label === undefined) return type;
  return label.startsWith('sha2') ? 'ECDSA' : label.toUpperCase();
}

/** A line to append, its end included. */
export function knownHostLine(name: string, key: Buffer, options: { hashed: boolean }): string {
  const shown = options.hashed ? hashName(name, randomBytes(20)) : name;
  return `${shown} ${typeOf(key)} ${key.toString('base64')}\n`;
}

/** Appends a line; makes the file (0600) and its directory (0700) where they are missing. */
export async function appendKnownHost(file: string, line: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const before = await readIfThere(file);
  const gap = before === '' || before.endsWith('\n') ? '' : '\n';
  await appendFile(file, gap + line, { mode: 0o600 });
}

/** The lines of all files in their order; a file that is missing or unreadable has none. */
export async function loadKnownHosts(files: readonly string[]): Promise<KnownHost[]> {
  const texts = await Promise.all(files.map(readIfThere));
  return texts.flatMap((text, index) => parseKnownHosts(text, files[index] ?? ''));
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    // As for ssh: a host that no readable file knows is an unknown host.
    return '';
  }
}

function typeOf(key: Buffer): string {
  try {
    return new Reader(key).text();
  } catch {
    return ''; // too short to hold a type: equal to no type that a line can name
  }
}

/** Comma-separated patterns: one must match, and none that is negated (match_hostname). */
function matches(patterns: string, name: string): boolean {
  if (patterns.startsWith('|')) return matchesHash(patterns, name);
  const lower = patterns.toLowerCase().split(',');
  const hit = (pattern: string): boolean => wildcard(pattern).test(name);
  const negated = lower.filter((p) => p.startsWith('!')).map((p) => p.slice(1));
  return !negated.some(hit) && lower.some((p) => !p.startsWith('!') && hit(p));
}

function wildcard(pattern: string): RegExp {
  const source = pattern
    .replace(/[\\^$+.()|[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`);
}

/** `|1|salt|hash`: HMAC-SHA1 of the name under the salt (ssh_config(5), HashKnownHosts). */
function matchesHash(hashed: string, name: string): boolean {
  const [, version, salt, digest] = hashed.split('|');
  if (version !== '1' || !salt || !digest) return false;
  return hashName(name, Buffer.from(salt, 'base64')) === hashed;
}

function hashName(name: string, salt: Buffer): string {
  const digest = createHmac('sha1', salt).update(name).digest('base64');
  return `|1|${salt.toString('base64')}|${digest}`;
}
