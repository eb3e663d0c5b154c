/** When a connection is pinged, and how old a sign of life may be: pure functions, in milliseconds. */

/** A connection used within this time is kept proven by pings, so that a command needs no probe. */
const RECENT_MS = 60_000;
const RECENT_PING_MS = 5000;
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

export function pingDelayMs(sinceUseMs: number, { healthCheckIntervalMs }: HealthSettings): number {
  const recent = sinceUseMs < RECENT_MS;
  return recent ? Math.min(RECENT_PING_MS, healthCheckIntervalMs) : healthCheckIntervalMs;
}

/** Whether a command needs a probe first. By the wall clock, which shows a sleep of the machine. */
export function isDoubtful(
  sinceHeardMs: number,
  sinceUseMs: number,
  settings: HealthSettings,
): boolean {
  const maxAge = settings.healthChecks
    ? pingDelayMs(sinceUseMs, settings) + 2 * PING_DEADLINE_MS
    : UNPINGED_MAX_AGE_MS;
  // A clock that was set back is doubtful too.
  return sinceHeardMs > maxAge || sinceHeardMs < -PING_DEADLINE_MS;
}

/** How long a connection may be silent while an answer is due; `rttMs`: of its last ping. */
export function answerDueMs(rttMs: number | null): number {
  return Math.min(PING_DEADLINE_MS, Math.max(ANSWER_MS, 4 * (rttMs ?? 0)));
}

/** When another connection reached the server, by the monotonic clock. */
export interface ServerAnswer {
  readonly begunAt: number;
  readonly answeredAt: number;
}

/** When a silent connection is given up, now that another reached the server. `usualMs`: of a connect. */
export function giveUpAt(
  askedAt: number,
  { begunAt, answeredAt }: ServerAnswer,
  usualMs: number,
): number {
  const isDirect = begunAt >= askedAt && answeredAt - begunAt < usualMs + FIRST_RETRANSMIT_MS;
  const backAt = isDirect ? begunAt : answeredAt;
  // The network may have been down, and TCP doubles its retransmission timeout (RFC 6298 section 5.5):
  // packets lost before the network came back arrive within the same time again.
  return Math.max(answeredAt, backAt + (backAt - askedAt) + RETRANSMIT_MS);
}
