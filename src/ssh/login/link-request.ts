/** A request to connect and log in, over either link. */
import type { KnownHost } from '../trust/known-hosts-lines.ts';
import type { Ask } from '../link/prompts.ts';
import type { TransportRequest } from '../transport/transport.ts';

export interface LinkRequest extends Omit<TransportRequest, 'signal' | 'aside' | 'onProxy'> {
  /** ssh's arguments for this target, as given to `ssh -G`. */
  readonly words: readonly string[];
  /** The socket of the caller's key agent. */
  readonly keyAgent: string | undefined;
  readonly ask: Ask;
  /** Reads the lines of all known_hosts files, without those that ssh ignores. */
  readonly loadKnown: () => Promise<readonly KnownHost[]>;
  /** Another link can be tried if this one lacks something that the target needs. */
  readonly hasAlternative: boolean;
  /** For how long the server still refuses this address after failed logins, if known. */
  readonly keptOutMs: () => number | undefined;
  readonly reason: string;
  /** For network and handshake, and for each try before the last one at another address. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}
