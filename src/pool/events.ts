/** The events of the pool, for observers. An observer cannot change what the pool does. */
import type { SshpoolError } from '../base/errors.ts';
import type { Label } from './label.ts';
import type { ConnectionRow } from './stats.ts';

/** Why a connection left the pool: it was idle for too long, it was closed on request, or it broke. */
export type EvictReason = 'idle' | 'closed' | 'lost';

export type PoolEvent =
  /** A connection was made. Milliseconds. */
  | { readonly type: 'connect'; readonly connection: ConnectionRow; readonly connectMs: number }
  /** An existing connection is used again. */
  | { readonly type: 'reuse'; readonly connection: ConnectionRow }
  | { readonly type: 'evict'; readonly connection: ConnectionRow; readonly reason: EvictReason }
  /** The server opens no further session on this connection. */
  | { readonly type: 'refuse'; readonly connection: ConnectionRow }
  /** A caller waits for a connection or for room on one; `queued` counts the waiting callers. */
  | { readonly type: 'queue'; readonly label: Label; readonly queued: number }
  /** A connect failed. */
  | { readonly type: 'error'; readonly label: Label; readonly error: SshpoolError };

export type OnPoolEvent = (event: PoolEvent) => void;
