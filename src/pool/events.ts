/** The events of the pool, for observers. An observer cannot change what the pool does. */
import type { SshpoolError } from '../base/errors.ts';
import type { EvictReason } from './connection/lifetime.ts';
import type { Label } from './connection/context.ts';
import type { ConnectionRow } from './connection/stats-row.ts';

export type PoolEvent =
  /** A connection was made. */
  | { readonly type: 'connect'; readonly connection: ConnectionRow; readonly connectMs: number }
  /** An existing connection is used again. */
  | { readonly type: 'reuse'; readonly connection: ConnectionRow }
  /** `error`: what broke it. */
  | {
      readonly type: 'evict';
      readonly connection: ConnectionRow;
      readonly reason: EvictReason;
      readonly error?: SshpoolError;
    }
  /** The server opens no further session on this connection. */
  | { readonly type: 'refuse'; readonly connection: ConnectionRow }
  /** A caller waits for a connection or for room on one; `queued` counts the waiting callers. */
  | { readonly type: 'queue'; readonly label: Label; readonly queued: number }
  /** A connect failed. */
  | { readonly type: 'error'; readonly label: Label; readonly error: SshpoolError };

export type OnPoolEvent = (event: PoolEvent) => void;
