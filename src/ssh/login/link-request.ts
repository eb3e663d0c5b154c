/** What it takes to connect and log in, over whichever link. */
import type { KnownHost } from '../trust/known-hosts.ts';
import type { Ask } from '../link/prompts.ts';
import type { TransportRequest } from '../transport/transport.ts';

export interface LinkRequest extends Omit<TransportRequest, 'signal' | 'aside' | 'onProxy'> {
  /** The words for ssh that mean this target: what `ssh -G` was asked with. */
  readonly words: readonly string[];
  /** The socket of the caller's key agent. */
  readonly keyAgent: string | undefined;
  readonly ask: Ask;
  /** The lines of all known_hosts files, those that ssh reads, as they are now. */
  readonly loadKnown: () => Promise<readonly KnownHost[]>;
  /** Another link can be tried where this one cannot do what is needed. */
  readonly hasAlternative: boolean;
  /** About how long the server keeps us out for failed logins, in milliseconds, where that is known. */
  readonly keptOutMs: () => number | undefined;
  /** Why this link was chosen, for people. */
  readonly reason: string;
  /** For network and handshake, and for each try before the last one at another address. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}
