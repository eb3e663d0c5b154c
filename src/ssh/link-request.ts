/** What it takes to connect and log in, over whichever link. */
import type { Ask } from './prompts.ts';
import type { TransportRequest } from './transport.ts';

export interface LinkRequest extends Omit<TransportRequest, 'signal'> {
  /** The socket of the caller's key agent. */
  readonly keyAgent: string | undefined;
  readonly ask: Ask;
  /** For network and handshake, in milliseconds; time spent on questions does not count. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}
