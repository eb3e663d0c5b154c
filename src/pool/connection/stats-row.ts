/** A connection as statistics and events show it. */
import type { Link } from '../../ssh/link/link.ts';
import type { ConnectionState } from './lifetime.ts';
import type { Label } from './context.ts';

export type ConnectionActivity = 'idle' | 'active' | 'draining';

/** One connection as `stats` shows it. Times are ISO 8601, sizes bytes. */
export interface ConnectionRow {
  readonly id: number;
  readonly target: string;
  readonly user: string;
  readonly host: string;
  readonly port: number;
  /** The kind of link that carries it, and why that kind. */
  readonly link: string;
  readonly linkReason: string;
  readonly state: ConnectionActivity;
  readonly sessions: number;
  /** Open streams to machines behind the server, or to its unix sockets. */
  readonly tunnels: number;
  readonly createdAt: string;
  readonly lastUsedAt: string;
  readonly hits: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Round trip of the last ping; null before the first. */
  readonly rttMs: number | null;
}

interface Shown {
  readonly id: number;
  readonly label: Label;
  readonly link: Link;
  readonly state: ConnectionState;
  readonly busy: boolean;
  readonly uses: number;
}

interface Measured {
  readonly sessions: number;
  readonly tunnels: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly rttMs: number | null;
}

export function rowOf(
  { id, label, link, state, busy, uses }: Shown,
  { sessions, tunnels, createdAt, lastUsedAt, rttMs }: Measured,
): ConnectionRow {
  const { target, user, hostname: host, port } = label;
  const active = busy ? 'active' : 'idle';
  return {
    id,
    target,
    user,
    host,
    port,
    link: link.kind,
    linkReason: link.reason,
    state: state === 'open' ? active : 'draining',
    sessions,
    tunnels,
    createdAt: new Date(createdAt).toISOString(),
    lastUsedAt: new Date(lastUsedAt).toISOString(),
    hits: Math.max(0, uses - 1),
    bytesIn: link.bytesIn,
    bytesOut: link.bytesOut,
    rttMs: rttMs === null ? null : Math.round(rttMs * 100) / 100,
  };
}
