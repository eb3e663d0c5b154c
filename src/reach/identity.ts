/** The client's identity at a server. A login reads it later than its call did, so it may have changed. */
import { identityPaths } from '../config/ssh-config/connection-key.ts';
import type { FileContents } from '../config/ssh-config/file-contents.ts';
import type { SshOptions } from '../config/ssh-config/options.ts';
import type { HeldKeys } from '../ssh/keys/held-keys.ts';

export interface IdentityDigest {
  /** Digest of the contents of `identityPaths`. */
  readonly contents: string;
  /** Digest of the keys in the key agent; undefined if it is not asked. */
  readonly heldKeys: string | undefined;
}

export interface IdentitySources {
  readonly contents: FileContents;
  readonly heldKeys: Pick<HeldKeys, 'digest'>;
}

/** @throws SshpoolError NOT_SHARED if a file can be read only once */
export async function identityOf(
  { contents, heldKeys }: IdentitySources,
  options: SshOptions,
  keyAgent: string | undefined,
): Promise<IdentityDigest> {
  const asksAgent = keyAgent !== undefined && options.pubkeyAuthentication;
  return {
    contents: contents.digest(identityPaths(options)),
    heldKeys: asksAgent ? await heldKeys.digest(keyAgent) : undefined,
  };
}

/** Call before a login. The result tells after it if the identity was `expected`, without change and back. */
export function watchIdentity(
  sources: IdentitySources,
  options: SshOptions,
  keyAgent: string | undefined,
  expected: IdentityDigest,
): () => Promise<boolean> {
  const stamp = (): string => sources.contents.stamp(identityPaths(options));
  const before = stamp();
  // The login itself adds a key to the key agent.
  const adds = !['no', 'false', undefined].includes(options.all.get('addkeystoagent')?.[0]);
  return async () => {
    try {
      const now = await identityOf(sources, options, keyAgent);
      const holdsTheSame = adds || now.heldKeys === expected.heldKeys;
      return holdsTheSame && now.contents === expected.contents && stamp() === before;
    } catch {
      return false; // a file that can be read only once has taken the place of a key
    }
  };
}
