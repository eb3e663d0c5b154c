/** When a connection is pinged, and how old a sign of life may be: pure, in milliseconds. */

/** A connection used within this time is kept proven, so that an exec needs no probe. */
const RECENT_MS = 60_000;
/** How often a recently used connection is pinged. */
const RECENT_PING_MS = 5000;
/** How long a ping or probe may take. */
export const PING_DEADLINE_MS = 2000;
/** How old a sign of life may be where no pings are made. */
const UNPINGED_MAX_AGE_MS = 15_000;

export interface HealthSettings {
  readonly healthChecks: boolean;
  readonly healthCheckIntervalMs: number;
}

/** The delay until the next ping of a connection that was used so long ago. */
export function pingDelayMs(sinceUseMs: number, { healthCheckIntervalMs }: HealthSettings): number {
  const recent = sinceUseMs < RECENT_MS;
  return recent ? Math.min(RECENT_PING_MS, healthCheckIntervalMs) : healthCheckIntervalMs;
}

/**
 * Whether the last sign of life is too old to send a command without asking first. Ages are of
 * the wall clock, which shows a sleep of the machine; one that was set back counts as well.
 */
export function isDoubtful(
  sinceHeardMs: number,
  sinceUseMs: number,
  settings: HealthSettings,
): boolean {
  const maxAge = settings.healthChecks
    ? pingDelayMs(sinceUseMs, settings) + 2 * PING_DEADLINE_MS
    : UNPINGED_MAX_AGE_MS;
  return sinceHeardMs > maxAge || sinceHeardMs < -PING_DEADLINE_MS;
}
