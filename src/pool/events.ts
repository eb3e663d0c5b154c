/** What happens in the pool, for whoever wants to watch it. Nobody who does can change it. */
import type { SshpoolError } from '../base/errors.ts';
import type { Label } from './label.ts';
import type { ConnectionRow } from './stats.ts';

/** Why a connection is of the pool no more: nobody used it, it was told to go, or it broke. */
export type EvictReason = 'idle' | 'closed' | 'lost';

export type PoolEvent =
  /** A connection was made. Milliseconds. */
  | { readonly type: 'connect'; readonly connection: ConnectionRow; readonly connectMs: number }
  /** One that was there is used again. */
  | { readonly type: 'reuse'; readonly connection: ConnectionRow }
  | { readonly type: 'evict'; readonly connection: ConnectionRow; readonly reason: EvictReason }
  /** The server opens no further session on it. */
  | { readonly type: 'refuse'; readonly connection: ConnectionRow }
  /** Somebody waits, for a connection or for room on one; so many do. */
  | { readonly type: 'queue'; readonly label: Label; readonly queued: number }
  /** A connect failed. */
  | { readonly type: 'error'; readonly label: Label; readonly error: SshpoolError };

export type OnPoolEvent = (event: PoolEvent) => void;
