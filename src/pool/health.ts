/** When a connection is pinged, and how old a sign of life may be: pure functions, in milliseconds. */

/** A connection used within this time is kept proven by pings, so that a command needs no probe. */
const RECENT_MS = 60_000;
/** How often a recently used connection is pinged. */
const RECENT_PING_MS = 5000;
/** How long a ping or probe may take. */
export const PING_DEADLINE_MS = 2000;
/** How old a sign of life may be when health checks are off. */
const UNPINGED_MAX_AGE_MS = 15_000;

/** How long a server may take to answer an open or a command, if its pings are fast. */
const ANSWER_MS = 900;
/** Up to this many unconfirmed bytes, a connection is not too slow to carry a ping. */
export const UPLOAD_BYTES = 16 * 1024;
/** The longest that a sent command waits for a silent connection, whatever the reason. */
export const SILENCE_LIMIT_MS = 15_000;
/** TCP retransmits a first packet after a second (RFC 6298 section 2.1), any other after 200 ms. */
const FIRST_RETRANSMIT_MS = 1000;
const RETRANSMIT_MS = 250;

export interface HealthSettings {
  readonly healthChecks: boolean;
  readonly healthCheckIntervalMs: number;
}

/** The delay until the next ping of a connection that was last used `sinceUseMs` ago. */
export function pingDelayMs(sinceUseMs: number, { healthCheckIntervalMs }: HealthSettings): number {
  const recent = sinceUseMs < RECENT_MS;
  return recent ? Math.min(RECENT_PING_MS, healthCheckIntervalMs) : healthCheckIntervalMs;
}

/**
 * Whether the last sign of life is too old to send a command without a probe. Ages are by the wall clock,
 * which shows a sleep of the machine; a clock that was set back is doubtful too.
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

/**
 * How long a connection may be silent while an answer is due, from the round trip time of its last ping;
 * null if there was none.
 */
export function answerDueMs(rttMs: number | null): number {
  return Math.min(PING_DEADLINE_MS, Math.max(ANSWER_MS, 4 * (rttMs ?? 0)));
}

/** When another connection reached the server, by the monotonic clock. */
export interface ServerAnswer {
  readonly begunAt: number;
  readonly answeredAt: number;
}

/**
 * When a connection that is silent since `askedAt` is given up, now that another connection has reached
 * the server. The network may have been down meanwhile, and TCP doubles its retransmission timeout each
 * time (RFC 6298 section 5.5): packets lost before the network came back arrive within the same time
 * again. `usualMs` is the usual time of a connect.
 */
export function giveUpAt(
  askedAt: number,
  { begunAt, answeredAt }: ServerAnswer,
  usualMs: number,
): number {
  const isDirect = begunAt >= askedAt && answeredAt - begunAt < usualMs + FIRST_RETRANSMIT_MS;
  const backAt = isDirect ? begunAt : answeredAt;
  return Math.max(answeredAt, backAt + (backAt - askedAt) + RETRANSMIT_MS);
}
