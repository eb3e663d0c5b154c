/** Opens what a call needs on a connection: a session for its command, or a tunnel. */
import { SshpoolError } from '../base/errors.ts';
import type { Clock } from '../base/time.ts';
import { OPEN_FAILURE } from '../ssh/channel/messages.ts';
import type { Session } from '../ssh/channel/session.ts';
import type { Destination, Tunnel } from '../ssh/channel/tunnel.ts';
import type { ConnectTimes } from './connection/context.ts';
import type { Connection } from './connection/connection.ts';

export interface Lease {
  readonly session: Session;
  readonly connection: Connection;
  /** Another call has used the connection before. */
  readonly reused: boolean;
  readonly queueMs: number;
  readonly connectMs: number;
}

export type TunnelRequest = Destination & { readonly timeoutMs: number };

/** Exactly one of onOpen, onRetry and onFailed is called. */
export interface OpenEvents {
  readonly reused: boolean;
  /** Returns false if the call has ended: then what is open must be closed. */
  onOpen(): boolean;
  /** Nothing ran: another connection may be tried. */
  onRetry(): void;
  onFailed(error: SshpoolError): void;
  /** The command may have run: the pool checks whether another connection reaches the server. */
  onDoubt(): void;
}

export interface Opener {
  readonly isSession: boolean;
  open(connection: Connection, events: OpenEvents): void;
}

const NO_TIME: ConnectTimes = { connectMs: 0, askedMs: 0 };

/** The waiting time of the call counts from now on. */
export function sessionOpener(clock: Clock, resolve: (lease: Lease) => void): Opener {
  const since = clock.monotonic();
  const open = (connection: Connection, events: OpenEvents): void => {
    const { reused } = events;
    const onSession = (session: Session): void => {
      if (!events.onOpen()) {
        session.close();
        return;
      }
      const { connectMs, askedMs } = reused ? NO_TIME : connection.took;
      const queueMs = Math.max(0, clock.monotonic() - since - connectMs - askedMs);
      resolve({ session, connection, reused, queueMs, connectMs });
    };
    const spare = connection.take({
      onSession,
      onRefused: (served, reason) => {
        // A server that allows no second session, even later, still serves the caller by a new login.
        if (served || reused) return events.onRetry();
        const { name: host } = connection.label;
        events.onFailed(SshpoolError.of('SESSION_REFUSED', { host, reason }));
      },
      onUnopened: (reason) => {
        if (reason === undefined) return events.onRetry();
        const { name: host } = connection.label;
        events.onFailed(SshpoolError.of('SESSION_REFUSED', { host, reason }));
      },
      onUnanswered: () => events.onDoubt(),
      // A connection that has never opened a session would not do so the next time either.
      onLost: (served, error) => {
        if (served || reused) events.onRetry();
        else events.onFailed(error);
      },
    });
    if (spare) onSession(spare);
  };
  return { isSession: true, open };
}

export function tunnelOpener(
  clock: Clock,
  request: TunnelRequest,
  resolve: (tunnel: Tunnel) => void,
): Opener {
  const { timeoutMs } = request;
  const open = (connection: Connection, events: OpenEvents): void => {
    let settled = false;
    const timer = clock.after(timeoutMs, () => {
      settled = true;
      unwatch();
      events.onFailed(tooLate(request, connection.label.name));
      tunnel.destroy();
    });
    // The server may need long to reach the machine: a ping beside it shows whether the server is alive.
    const unwatch = connection.pulse.watch(() => {
      if (!events.reused) return;
      settle(() => events.onRetry());
      tunnel.destroy();
    });
    const settle = (what: () => void): void => {
      timer.cancel();
      unwatch();
      if (!settled) what();
      settled = true;
    };
    const tunnel = connection.tunnel(request, {
      onOpen: () => {
        settle(() => {
          if (events.onOpen()) resolve(tunnel);
          else tunnel.destroy();
        });
      },
      onRefused: (reason, words) => {
        const via = connection.label.name;
        settle(() => events.onFailed(refused(request, via, { reason, words })));
      },
      onClosed: (error) => {
        settle(() => {
          if (error && !events.reused) events.onFailed(error);
          else events.onRetry();
        });
      },
    });
    connection.pulse.prompt();
  };
  return { isSession: false, open };
}

function tooLate(request: TunnelRequest, via: string): SshpoolError {
  const { timeoutMs } = request;
  if ('host' in request) return SshpoolError.of('CONNECT_TIMEOUT', { ...request, timeoutMs });
  const reason = `no answer within ${timeoutMs} ms`;
  return SshpoolError.of('TUNNEL_REFUSED', { via, to: request.path, reason });
}

interface Refusal {
  /** The reason code of RFC 4254 section 5.1. */
  readonly reason: number;
  readonly words: string;
}

function refused(request: TunnelRequest, via: string, { reason, words }: Refusal): SshpoolError {
  const said = words || String(reason);
  if ('host' in request) {
    const to = `${request.host} port ${request.port}`;
    return SshpoolError.of('TUNNEL_REFUSED', { via, to, reason: said });
  }
  // For a unix socket sshd reports no more than that, whatever is wrong.
  const failed =
    'connection refused (no listener, no permission, or AllowStreamLocalForwarding is off)';
  const isFailed = reason === OPEN_FAILURE.connectFailed;
  return SshpoolError.of('TUNNEL_REFUSED', {
    via,
    to: request.path,
    reason: isFailed ? failed : said,
  });
}
