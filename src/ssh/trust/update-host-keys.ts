/** Learns a server's other host keys (ssh_config(5), UpdateHostKeys; PROTOCOL section 2.5; clientloop.c). */
import type { SshOptions } from '../../config/ssh-config/options.ts';
import { algorithmsOf, isCertificateName } from '../keys/key-types.ts';
import { matchesHost } from './host-patterns.ts';
import { appendKnownHost, loadKnownHosts, removeKnownHosts } from './known-hosts-file.ts';
import { knownHostLine, type KnownHost, type LookupName } from './known-hosts-lines.ts';
import { publicKeyType } from '../keys/public-key.ts';

/** `prove` asks the server to prove that it holds some keys; resolves to those proven. */
export interface Announcement {
  readonly keys: readonly Buffer[];
  readonly prove: (keys: readonly Buffer[]) => Promise<readonly Buffer[]>;
}

export interface Update {
  readonly added: readonly Buffer[];
  readonly obsolete: readonly Buffer[];
}

export function mayLearn(
  { userKnownHostsFiles, updateHostKeys }: SshOptions,
  { name }: LookupName,
  trustedBy: KnownHost | undefined,
): boolean {
  if (!updateHostKeys || trustedBy === undefined) return false;
  // A line that matched without the port is not a line of this host.
  return userKnownHostsFiles.includes(trustedBy.file) && matchesHost(trustedBy.patterns, name);
}

/** None for a host with a line that a person wrote, nor if another has one of the keys (clientloop.c). */
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

/** Unlike ssh, moves no line from a second file to the first. Rejects with the system's error. */
export async function learnHostKeys(
  { userKnownHostsFiles, hashKnownHosts, hostKeyAlgorithms }: SshOptions,
  lookup: LookupName,
  { keys, prove }: Announcement,
): Promise<void> {
  const [first] = userKnownHostsFiles;
  if (first === undefined) return;
  // Read again: another connection may have learned them meanwhile.
  const lines = await loadKnownHosts(userKnownHostsFiles);
  // A key that sshpool cannot read never matches an announced one; its line stays unchanged.
  const known = lines.filter(({ isForeign }) => !isForeign);
  const wanted = keys.filter((key) => isAccepted(key, hostKeyAlgorithms));
  const update = wanted.length === 0 ? undefined : planUpdate(known, lookup, wanted);
  if (update === undefined) return;
  const proven = update.added.length === 0 ? [] : await prove(update.added);
  const isObsolete = ({ patterns, key }: KnownHost): boolean =>
    matchesHost(patterns, lookup.name) && update.obsolete.some((one) => one.equals(key));
  const touched = new Set(known.filter(isObsolete).map(({ file }) => file));
  for (const file of touched) await removeKnownHosts(file, isObsolete);
  for (const key of update.added.filter((one) => proven.some((other) => other.equals(one)))) {
    await appendKnownHost(first, knownHostLine(lookup.name, key, { hashed: hashKnownHosts }));
  }
}

function isAccepted(key: Buffer, algorithms: readonly string[]): boolean {
  const type = publicKeyType(key);
  if (type === undefined || isCertificateName(type)) return false;
  return algorithmsOf(type).some((name) => algorithms.includes(name));
}
