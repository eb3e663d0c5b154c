/** What callers want from the pool, and the settings of the pool. */
import type { Connector } from './pending-connects.ts';
import type { ConnectionSettings } from './connection-context.ts';
import type { Label } from './label.ts';
import type { Link } from '../ssh/link/link.ts';

/** Which servers a caller trusts, for judging a connection that was made earlier. */
export interface Trust {
  /** Changes when anything changes that decides about trust. */
  readonly stamp: string;
  /**
   * What is known of the server now, as one text. A connection is no longer used if this text has changed
   * and is not `trusted`.
   */
  judge(link: Pick<Link, 'hostKey' | 'via'> | undefined): string;
}

/** The text for a server whose host key is known. */
export const TRUSTED = 'trusted';

/** What a caller wants: a session to a target, over a shared connection or over one of its own. */
export interface PoolRequest extends Connector {
  /** Identifies the client's credentials and the server, with everything that decides about them. */
  readonly key: string;
  readonly label: Label;
  readonly trust: Trust;
  /** Whether later calls may use the new connection: not if the client's identity changed meanwhile. */
  readonly isShareable: (link: Link) => boolean;
  readonly forwardAgent: string | undefined;
  /** Its caller answers no prompts (BatchMode). */
  readonly batchMode: boolean;
}

export interface PoolSettings extends ConnectionSettings {
  readonly maxConnections: number;
  readonly queueTimeoutMs: number;
}
