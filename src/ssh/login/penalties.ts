/** The failed logins at each server, for which it may refuse an address (PerSourcePenalties since 9.8). */
import type { SshpoolError } from '../../base/errors.ts';
import { TtlCache } from '../../base/ttl-cache.ts';
import type { Clock } from '../../base/time.ts';
import type { SshOptions } from '../../config/ssh-config/options.ts';

/** No connects only for speed so soon after a failure: fail2ban bans after five failures in ten minutes. */
export const SETTLE_MS = 5 * 60_000;

/** The defaults in sshd_config(5): min, max, authfail, and noauth for a disconnect before a login. */
const MIN_MS = 15_000;
const MAX_MS = 600_000;
const PENALTY_MS: ReadonlyMap<string, number> = new Map([
  ['AUTH_FAILED', 5000],
  ['HOST_KEY_UNKNOWN', 1000],
  ['HOST_KEY_CHANGED', 1000],
  ['HOST_KEY_REVOKED', 1000],
  ['HOST_KEY_REFUSED', 1000],
]);

/** Includes the proxy, since the server sees the proxy's address. */
export function serverOf(options: SshOptions): string {
  const { hostname, port, proxyJump = '', proxyCommand = '' } = options;
  return [hostname, port, proxyJump, proxyCommand].join(' ');
}

/** In monotonic time; `active` if it is long enough for the server to refuse this address. */
interface Penalty {
  readonly failedAt: number;
  readonly until: number;
  readonly active: boolean;
}

export class Penalties {
  readonly #clock: Clock;
  readonly #servers: TtlCache<Penalty>;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#servers = new TtlCache(clock, { lifeMs: MAX_MS, max: 256 });
  }

  /** Failures of the network do not count. */
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

  hasFailed(server: string): boolean {
    const { failedAt = -Infinity } = this.#servers.get(server) ?? {};
    return this.#clock.monotonic() - failedAt < SETTLE_MS;
  }

  /** Undefined if the failures counted here do not suffice for a refusal: others may share the address. */
  leftMs(server: string): number | undefined {
    const { until = 0, active = false } = this.#servers.get(server) ?? {};
    const left = until - this.#clock.monotonic();
    return active && left > 0 ? left : undefined;
  }
}
