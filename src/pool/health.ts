/** When a connection is pinged, and how old a sign of life may be: pure, in milliseconds. */

/** A connection used within this time is kept proven, so that an exec needs no probe. */
const RECENT_MS = 60_000;
/** How often a recently used connection is pinged. */
const RECENT_PING_MS = 5000;
/** How long a ping or probe may take. */
export const PING_DEADLINE_MS = 2000;
/** How old a sign of life may be where no pings are made. */
const UNPINGED_MAX_AGE_MS = 15_000;

/** How long any server may take to answer an open or a command, where pings are fast. */
const ANSWER_MS = 900;
/** What a connection may have under way without being slow to carry a question. */
export const UPLOAD_BYTES = 16 * 1024;
/** A command that was sent waits for a silent connection for so long, whatever the reason. */
export const SILENCE_LIMIT_MS = 15_000;
/** TCP sends a first packet again after a second (RFC 6298 section 2.1), any other after 200 ms. */
const FIRST_RETRANSMIT_MS = 1000;
const RETRANSMIT_MS = 250;

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

/**
 * How long a connection may be silent while an answer is due, by the round trip of its last ping;
 * null where there was none.
 */
export function answerDueMs(rttMs: number | null): number {
  return Math.min(PING_DEADLINE_MS, Math.max(ANSWER_MS, 4 * (rttMs ?? 0)));
}

/** How the server was reached by another connection. Times are of the monotonic clock. */
export interface ServerAnswer {
  readonly begunAt: number;
  readonly answeredAt: number;
}

/**
 * When a connection that is silent since `askedAt` is given up, now that the server was reached by
 * another one. The network may have been down meanwhile, and TCP doubles the time until it sends a
 * packet again (RFC 6298 section 5.5): what was lost before the network came back arrives within as
 * long again. `usualMs` is what a connect takes.
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
