/** What servers allow, learnt by one connection for all later ones. Expires: their settings may change. */
import { createHash } from 'node:crypto';
import { TtlCache } from '../../base/ttl-cache.ts';
import type { Clock } from '../../base/time.ts';
import { EARLY_DEATHS, MOMENT_MS, gradeAfter, type Finding, type Grade } from './grade.ts';

export interface Limits {
  /** Concurrent sessions on one connection, the spare included. */
  readonly maxChannels: number;
  /** The server closes a session that waits for its command. */
  readonly spareless: boolean;
  readonly grade: Grade;
  /** Connections in a row that ended early, and when the last did, by the monotonic clock. */
  readonly earlyDeaths: number;
  readonly diedAt: number;
}

export interface Found {
  readonly maxChannels?: number;
  readonly spareless?: boolean;
  readonly finding?: Finding;
}

const UNKNOWN: Limits = {
  maxChannels: Infinity,
  spareless: false,
  grade: 'unmet',
  earlyDeaths: 0,
  diedAt: -Infinity,
};

const REMEMBERED_MS = 10 * 60_000;
const MAX_KEYS = 256;

export class KnownLimits {
  readonly #clock: Clock;
  readonly #byKey: TtlCache<Limits>;
  /** Whether the grade is `single`. Finding that out costs connections, so it does not expire. */
  readonly #single: TtlCache<boolean>;
  readonly #recalled = new Set<string>();
  readonly #onSingle: (digest: string) => void;

  constructor(clock: Clock, onSingle: (digest: string) => void = () => undefined) {
    this.#clock = clock;
    this.#byKey = new TtlCache(clock, { lifeMs: REMEMBERED_MS, max: MAX_KEYS });
    this.#single = new TtlCache(clock, { lifeMs: Infinity, max: MAX_KEYS });
    this.#onSingle = onSingle;
  }

  of(key: string): Limits {
    const known = this.#byKey.get(key) ?? UNKNOWN;
    return this.#isSingle(key) ? { ...known, grade: 'single' } : known;
  }

  /** Takes the digests that `onSingle` gave to an earlier agent. Call once. */
  recall(digests: readonly string[]): void {
    for (const digest of digests) this.#recalled.add(digest);
  }

  /** A limit is only lowered, because not every connection runs into it. */
  learn(key: string, found: Found): void {
    const known = this.of(key);
    const { finding } = found;
    if (finding === 'used-again' && known.earlyDeaths === 0) return;
    const early = this.#countEarly(known, finding);
    const isEnough = early.earlyDeaths >= EARLY_DEATHS;
    const grade = finding ? gradeAfter(known.grade, isEnough ? 'died' : finding) : known.grade;
    if (grade === 'single' && known.grade !== 'single') {
      this.#single.set(key, true);
      // After a better grade a bad network may be the cause: not stored, the next agent tries again.
      if (known.grade === 'untried') this.#onSingle(digestOf(key));
    }
    this.#byKey.set(key, {
      ...early,
      grade,
      maxChannels: Math.min(known.maxChannels, found.maxChannels ?? Infinity),
      spareless: known.spareless || (found.spareless ?? false),
    });
  }

  #countEarly(
    { earlyDeaths, diedAt }: Limits,
    finding: Finding | undefined,
  ): Pick<Limits, 'earlyDeaths' | 'diedAt'> {
    if (finding === 'used-again') return { earlyDeaths: 0, diedAt };
    const now = this.#clock.monotonic();
    const counts = finding === 'died-early' && now - diedAt >= MOMENT_MS;
    return counts ? { earlyDeaths: earlyDeaths + 1, diedAt: now } : { earlyDeaths, diedAt };
  }

  #isSingle(key: string): boolean {
    const known = this.#single.get(key);
    if (known !== undefined || this.#recalled.size === 0) return known ?? false;
    // Computed once for each key: every call needs it, and a digest is slow.
    const isRecalled = this.#recalled.has(digestOf(key));
    this.#single.set(key, isRecalled);
    return isRecalled;
  }
}

/** SHA-256 in hex: the key itself contains names of files and hosts. */
function digestOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
