/**
 * Learning a server's other host keys, and forgetting those that it has no more (ssh_config(5),
 * UpdateHostKeys; PROTOCOL, section 2.5), under the conditions of clientloop.c. Unlike ssh, lines of
 * this host in a second file are not moved to the first.
 */
import type { SshOptions } from '../../config/ssh-options.ts';
import { matchesHost } from './host-patterns.ts';
import { appendKnownHost, loadKnownHosts, removeKnownHosts } from './known-hosts-file.ts';
import { knownHostLine, type KnownHost, type LookupName } from './known-hosts.ts';
import { publicKeyType } from '../keys/public-key.ts';

/** What a server says that it has, and how to have it prove some of them: resolves to those proven. */
export interface Announcement {
  readonly keys: readonly Buffer[];
  readonly prove: (keys: readonly Buffer[]) => Promise<readonly Buffer[]>;
}

/** Which keys are new, and which known ones the server has no more. */
export interface Update {
  readonly added: readonly Buffer[];
  readonly obsolete: readonly Buffer[];
}

/** Whether the line by which a host was trusted, if any, lets others be learned. */
export function mayLearn(
  { userKnownHostsFiles, updateHostKeys }: SshOptions,
  { name }: LookupName,
  trustedBy: KnownHost | undefined,
): boolean {
  if (!updateHostKeys || trustedBy === undefined) return false;
  // One that is known without its port is not a line of this host.
  return userKnownHostsFiles.includes(trustedBy.file) && matchesHost(trustedBy.patterns, name);
}

/**
 * What is to be done, given the lines of the user's own files; undefined for nothing. Left alone are
 * hosts that a person, and no ssh, wrote lines for, and keys that other hosts have as well
 * (clientloop.c, client_input_hostkeys).
 */
export function planUpdate(
  known: readonly KnownHost[],
  { name }: LookupName,
  announced: readonly Buffer[],
): Update | undefined {
  const ours = known.filter(({ patterns }) => matchesHost(patterns, name));
  const others = known.filter((entry) => !ours.includes(entry));
  const isAnnounced = ({ key }: KnownHost): boolean => announced.some((one) => one.equals(key));
  if (ours.some(({ marker, patterns }) => marker !== 'none' || isComplex(patterns)))
    return undefined;
  if (others.some(isAnnounced)) return undefined;
  const added = announced.filter((key) => !ours.some((entry) => entry.key.equals(key)));
  const obsolete = ours.filter((entry) => !isAnnounced(entry)).map(({ key }) => key);
  if (others.some(({ key }) => obsolete.some((one) => one.equals(key)))) return undefined;
  return added.length + obsolete.length === 0 ? undefined : { added, obsolete };
}

/** Anything but one name, or one name and an address. */
function isComplex(patterns: string): boolean {
  return /[*?]/.test(patterns) || patterns.split(',').length > 2;
}

/** Brings the user's files in line with what the server has. Rejects with the system's error. */
export async function learnHostKeys(
  { userKnownHostsFiles, hashKnownHosts, hostKeyAlgorithms }: SshOptions,
  lookup: LookupName,
  { keys, prove }: Announcement,
): Promise<void> {
  const [first] = userKnownHostsFiles;
  if (first === undefined) return;
  // Read again: another connection may have learned them meanwhile.
  const lines = await loadKnownHosts(userKnownHostsFiles);
  // A key that we cannot read is none of those that the server announces, and stays as it is.
  const known = lines.filter(({ isForeign }) => !isForeign);
  const wanted = keys.filter((key) => isAccepted(key, hostKeyAlgorithms));
  const update = wanted.length === 0 ? undefined : planUpdate(known, lookup, wanted);
  if (update === undefined) return;
  const proven = update.added.length === 0 ? [] : await prove(update.added);
  const isObsolete = ({ patterns, key }: KnownHost): boolean =>
    matchesHost(patterns, lookup.name) && update.obsolete.some((one) => one.equals(key));
  const touched = new Set(known.filter(isObsolete).map(({ file }) => file));
  // One after the other: they are of one file.
  for (const file of touched) await removeKnownHosts(file, isObsolete);
  for (const key of update.added.filter((one) => proven.some((other) => other.equals(one)))) {
    await appendKnownHost(first, knownHostLine(lookup.name, key, { hashed: hashKnownHosts }));
  }
}

/** Plain keys of a type that the user allows. */
function isAccepted(key: Buffer, algorithms: readonly string[]): boolean {
  const type = publicKeyType(key);
  if (type === undefined || type.includes('-cert-')) return false;
  const names = type === 'ssh-rsa' ? ['rsa-sha2-256', 'rsa-sha2-512', type] : [type];
  return names.some((name) => algorithms.includes(name));
}
