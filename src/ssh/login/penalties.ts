/**
 * The failed logins at each server, of all callers, and what a server of today makes of them:
 * it keeps an address out for a while (sshd_config(5), PerSourcePenalties; OpenSSH 9.8 and later).
 */
import type { SshpoolError } from '../../base/errors.ts';
import { TtlCache } from '../../base/ttl-cache.ts';
import type { Clock } from '../../base/time.ts';
import type { SshOptions } from '../../config/ssh-options.ts';

/**
 * For so long after a connect failed none is made only for speed: to servers that ban who fails
 * too often (fail2ban: five times in ten minutes), each is a failed login.
 */
export const SETTLE_MS = 5 * 60_000;

/** Its defaults, in milliseconds: min and max, authfail, and noauth for those who hang up before a login. */
const MIN_MS = 15_000;
const MAX_MS = 600_000;
const PENALTY_MS: ReadonlyMap<string, number> = new Map([
  ['AUTH_FAILED', 5000],
  ['HOST_KEY_UNKNOWN', 1000],
  ['HOST_KEY_CHANGED', 1000],
  ['HOST_KEY_REVOKED', 1000],
  ['HOST_KEY_REFUSED', 1000],
]);

/** How a server is named here: with the way to it, for that has the address that it sees. */
export function serverOf(options: SshOptions): string {
  const { hostname, port, proxyJump = '', proxyCommand = '' } = options;
  return [hostname, port, proxyJump, proxyCommand].join(' ');
}

/** One server's, by the monotonic clock. */
interface Penalty {
  readonly failedAt: number;
  readonly until: number;
  /** It is long enough for us to be kept out. */
  readonly active: boolean;
}

export class Penalties {
  readonly #clock: Clock;
  readonly #servers: TtlCache<Penalty>;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#servers = new TtlCache(clock, { lifeMs: MAX_MS, max: 256 });
  }

  /** A connect to this server has failed; where the network is to blame it counts for nothing. */
  add(server: string, { code }: SshpoolError): void {
    const ms = PENALTY_MS.get(code);
    if (ms === undefined) return;
    const now = this.#clock.monotonic();
    const before = this.#servers.get(server);
    const isOver = before === undefined || before.until <= now;
    const until = Math.min((isOver ? now : before.until) + ms, now + MAX_MS);
    const active = (!isOver && before.active) || until - now > MIN_MS;
    this.#servers.set(server, { failedAt: now, until, active });
  }

  /** A login at this server failed so lately that none should be tried for speed alone. */
  hasFailed(server: string): boolean {
    const { failedAt = -Infinity } = this.#servers.get(server) ?? {};
    return this.#clock.monotonic() - failedAt < SETTLE_MS;
  }

  /**
   * About how long this server keeps us out for what failed here, in milliseconds; undefined where that
   * is not enough for it: others may share our address.
   */
  leftMs(server: string): number | undefined {
    const { until = 0, active = false } = this.#servers.get(server) ?? {};
    const left = until - this.#clock.monotonic();
    return active && left > 0 ? left : undefined;
  }
}
