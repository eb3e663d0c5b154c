/**
 * What a waiting caller gets from a connection: a session for a command, or a tunnel. Does not know the
 * caller, nor how the connection is chosen.
 */
import { SshpoolError } from '../base/errors.ts';
import type { Clock } from '../base/time.ts';
import { OPEN_FAILURE } from '../ssh/channel/messages.ts';
import type { Session } from '../ssh/channel/session.ts';
import type { Destination, Tunnel } from '../ssh/channel/tunnel.ts';
import type { ConnectTimes } from './pending-connects.ts';
import type { Connection } from './connection.ts';

/** A session that waits for its command, and how it was acquired. */
export interface Lease {
  readonly session: Session;
  readonly connection: Connection;
  /** The connection existed before the call. */
  readonly reused: boolean;
  readonly queueMs: number;
  /** 0 if a connection was reused. */
  readonly connectMs: number;
}

/** The destination that the server connects to, and the time limit for that. */
export type TunnelRequest = Destination & { readonly timeoutMs: number };

/** The outcome of taking it: exactly one of these, and none if the waiter has left. */
export interface Taking {
  /** The connection existed before the call. */
  readonly reused: boolean;
  /** It is open; returns false if the waiter has left: then it must be closed. */
  taken(): boolean;
  /** Nothing ran: another connection may be tried. */
  retry(): void;
  fail(error: SshpoolError): void;
  /** The command may have run: the pool checks whether another connection reaches the server. */
  doubt(): void;
}

export interface Wanted {
  /** It counts against the server's limit on sessions. */
  readonly isSession: boolean;
  takeFrom(connection: Connection, taking: Taking): void;
}

const NO_TIME: ConnectTimes = { connectMs: 0, askedMs: 0 };

/** Wants a session; its waiting time counts from now on. */
export function wantSession(clock: Clock, resolve: (lease: Lease) => void): Wanted {
  const since = clock.monotonic();
  const takeFrom = (connection: Connection, taking: Taking): void => {
    const { reused } = taking;
    connection.take({
      onSession: (session) => {
        if (!taking.taken()) {
          session.close();
          return;
        }
        const { connectMs, askedMs } = reused ? NO_TIME : connection.took;
        const queueMs = Math.max(0, clock.monotonic() - since - connectMs - askedMs);
        resolve({ session, connection, reused, queueMs, connectMs });
      },
      onRefused: (alone, reason) => {
        // A server that allows no second session, even later, still serves the caller by a new login.
        if (!alone || reused) return taking.retry();
        const { name: host } = connection.label;
        taking.fail(SshpoolError.of('SESSION_REFUSED', { host, reason }));
      },
      onUnopened: (reason) => {
        if (reason === undefined) return taking.retry();
        const { name: host } = connection.label;
        taking.fail(SshpoolError.of('SESSION_REFUSED', { host, reason }));
      },
      onUnanswered: () => taking.doubt(),
      // A connection that has never worked would not work the next time either.
      onLost: (error) => (reused ? taking.retry() : taking.fail(error)),
    });
  };
  return { isSession: true, takeFrom };
}

/** Wants a stream to a machine behind the server. */
export function wantTunnel(
  clock: Clock,
  way: TunnelRequest,
  resolve: (tunnel: Tunnel) => void,
): Wanted {
  const { timeoutMs } = way;
  const takeFrom = (connection: Connection, taking: Taking): void => {
    let settled = false;
    const timer = clock.after(timeoutMs, () => {
      settled = true;
      unwatch();
      taking.fail(tooLate(way, connection.label.name));
      tunnel.destroy();
    });
    // The server may need long to reach the machine: a ping beside it shows whether the server is alive.
    const unwatch = connection.pulse.watch(() => {
      if (!taking.reused) return;
      settle(() => taking.retry());
      tunnel.destroy();
    });
    const settle = (what: () => void): void => {
      timer.cancel();
      unwatch();
      if (!settled) what();
      settled = true;
    };
    const tunnel = connection.tunnel(way, {
      onOpen: () => {
        settle(() => {
          if (taking.taken()) resolve(tunnel);
          else tunnel.destroy();
        });
      },
      onRefused: (reason, words) => {
        const via = connection.label.name;
        settle(() => taking.fail(refused(way, via, { reason, words })));
      },
      onClosed: (error) => {
        settle(() => {
          if (error && !taking.reused) taking.fail(error);
          else taking.retry();
        });
      },
    });
    connection.pulse.prompt();
  };
  return { isSession: false, takeFrom };
}

function tooLate(way: TunnelRequest, via: string): SshpoolError {
  const { timeoutMs } = way;
  if ('host' in way) return SshpoolError.of('CONNECT_TIMEOUT', { ...way, timeoutMs });
  const reason = `no answer within ${timeoutMs} ms`;
  return SshpoolError.of('TUNNEL_REFUSED', { via, to: way.path, reason });
}

interface Refusal {
  /** The reason code of RFC 4254 section 5.1. */
  readonly reason: number;
  readonly words: string;
}

function refused(way: TunnelRequest, via: string, { reason, words }: Refusal): SshpoolError {
  const said = words || String(reason);
  if ('host' in way) {
    const to = `${way.host} port ${way.port}`;
    return SshpoolError.of('TUNNEL_REFUSED', { via, to, reason: said });
  }
  // For a unix socket sshd reports no more than that, whatever is wrong.
  const failed =
    'connection refused (no listener, no permission, or AllowStreamLocalForwarding is off)';
  const isFailed = reason === OPEN_FAILURE.connectFailed;
  return SshpoolError.of('TUNNEL_REFUSED', { via, to: way.path, reason: isFailed ? failed : said });
}
