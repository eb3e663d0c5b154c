/**
 * The client's identity at a server, and whether it changed during a connect: a login reads key files and
 * asks the key agent later than the call that it is made for, which may have waited for a proxy or for a
 * user by then.
 */
import { identityPaths } from '../config/connection-key.ts';
import type { FileContents } from '../config/file-contents.ts';
import type { SshOptions } from '../config/ssh-options.ts';
import type { HeldKeys } from '../ssh/keys/held-keys.ts';

/** The identity as texts to compare. */
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

/**
 * Call it before a login. The function that it returns tells after the login whether the identity was
 * `expected` all the time. A file that changed and changed back counts as changed.
 */
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
