/**
 * What servers were found to allow, by key, beyond the life of a connection: a limit is met once
 * and not anew by each connection. It is forgotten after a while, for the server may be configured
 * anew.
 */
import { createHash } from 'node:crypto';
import { TtlCache } from '../base/ttl-cache.ts';
import type { Clock } from '../base/time.ts';
import { EARLY_DEATHS, MOMENT_MS, gradeAfter, type Finding, type Grade } from './grade.ts';

export interface Limits {
  /** Sessions at a time on one connection, the spare included. */
  readonly maxChannels: number;
  /** It closes a session that waits for its command. */
  readonly spareless: boolean;
  readonly grade: Grade;
  /** Connections in a row that ended early, and when the last of them did, by the monotonic clock. */
  readonly earlyDeaths: number;
  readonly diedAt: number;
}

/** What a connection finds out. */
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
  /** Whether the grade is `single`: found out at the price of connections, and so not forgotten. */
  readonly #single: TtlCache<boolean>;
  /** Those that an earlier agent found out, by the digests of their keys. */
  readonly #recalled = new Set<string>();
  readonly #onSingle: (digest: string) => void;

  /** `onSingle` is told of each that was found to be, and will be, by the digest of its key. */
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

  /** What was found out by an earlier agent: what `onSingle` was told. To be called once. */
  recall(digests: readonly string[]): void {
    for (const digest of digests) this.#recalled.add(digest);
  }

  /** Adds to what is known. A limit is only lowered: connections differ in what they came upon. */
  learn(key: string, found: Found): void {
    const known = this.of(key);
    const { finding } = found;
    if (finding === 'used-again' && known.earlyDeaths === 0) return;
    const early = this.#countEarly(known, finding);
    const isEnough = early.earlyDeaths >= EARLY_DEATHS;
    const grade = finding ? gradeAfter(known.grade, isEnough ? 'died' : finding) : known.grade;
    if (grade === 'single' && known.grade !== 'single') {
      this.#single.set(key, true);
      // Of one that was proven a bad network may have said it: the next agent sees.
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
    // What a network or a restart ends in one moment has ended once.
    const counts = finding === 'died-early' && now - diedAt >= MOMENT_MS;
    return counts ? { earlyDeaths: earlyDeaths + 1, diedAt: now } : { earlyDeaths, diedAt };
  }

  #isSingle(key: string): boolean {
    const known = this.#single.get(key);
    if (known !== undefined || this.#recalled.size === 0) return known ?? false;
    // Once for each key: this is asked for every call, and a digest takes its time.
    const isRecalled = this.#recalled.has(digestOf(key));
    this.#single.set(key, isRecalled);
    return isRecalled;
  }
}

/** SHA-256 in hex: a key names files and hosts. */
function digestOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
