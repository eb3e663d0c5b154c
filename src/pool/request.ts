/** What callers want from the pool, and the settings of the pool. */
import type { Connector } from './pending-connects.ts';
import type { ConnectionSettings, Label } from './connection/context.ts';
import type { Trust } from './connection/host-trust.ts';
import type { Link } from '../ssh/link/link.ts';

export interface PoolRequest extends Connector {
  /** Identifies the client's credentials and the server, with everything that decides about them. */
  readonly key: string;
  readonly label: Label;
  readonly trust: Trust;
  /** Whether later calls may use the new connection: not if the client's identity changed meanwhile. */
  readonly isShareable: (link: Link) => boolean;
  readonly forwardAgent: string | undefined;
  readonly batchMode: boolean;
}

export interface PoolSettings extends ConnectionSettings {
  readonly maxConnections: number;
  readonly queueTimeoutMs: number;
}
