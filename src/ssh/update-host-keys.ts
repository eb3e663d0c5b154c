/**
 * Learning a server's other host keys (ssh_config(5), UpdateHostKeys; PROTOCOL, section 2.5): which
 * of those that it has proven are new, and adding them. Unlike ssh, nothing is taken away: keys that
 * a server no longer has stay in known_hosts.
 */
import type { SshOptions } from '../config/ssh-options.ts';
import {
  appendKnownHost,
  judge,
  knownHostLine,
  loadKnownHosts,
  type KnownHost,
  type LookupName,
} from './known-hosts.ts';

/**
 * Whether the line by which a host was trusted lets others be learned: one of the user's own, for
 * this name and no pattern (clientloop.c, client_input_hostkeys).
 */
export function mayLearn(
  { userKnownHostsFiles, updateHostKeys }: SshOptions,
  entry: KnownHost,
): boolean {
  const isPlain = entry.patterns.startsWith('|') || !/[*?!,]/.test(entry.patterns);
  return updateHostKeys && isPlain && userKnownHostsFiles.includes(entry.file);
}

/** Adds those of the keys, each proven by the server, that are not known under this name. */
export async function learnHostKeys(
  { userKnownHostsFiles, hashKnownHosts }: SshOptions,
  { name, plainName }: LookupName,
  keys: readonly Buffer[],
): Promise<void> {
  const [file] = userKnownHostsFiles;
  if (file === undefined) return;
  // Read again: another connection may have learned them meanwhile.
  const known = await loadKnownHosts(userKnownHostsFiles);
  for (const key of keys) {
    const verdict = judge(known, { name, plainName }, key);
    if (verdict.kind === 'match' || verdict.kind === 'revoked') continue;
    // One line after the other: they are of one file.
    await appendKnownHost(file, knownHostLine(name, key, { hashed: hashKnownHosts }));
  }
}
