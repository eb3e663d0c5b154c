/** The counters of the pool: numbers only, however they are shown. */

import type { ConnectionRow } from './connection/stats-row.ts';

/** The percentiles are those of the latest samples. */
const SAMPLES = 1024;

export interface Percentiles {
  readonly count: number;
  /** Milliseconds; null where nothing was measured yet. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

export class Latency {
  readonly #samples: number[] = [];
  #count = 0;

  add(ms: number): void {
    this.#samples[this.#count++ % SAMPLES] = ms;
  }

  percentiles(): Percentiles {
    const sorted = this.#samples.toSorted((a, b) => a - b);
    const at = (share: number): number | null => {
      const value = sorted[Math.ceil(share * sorted.length) - 1];
      return value === undefined ? null : Math.round(value * 100) / 100;
    };
    return { count: this.#count, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
  }
}

export class Counters {
  poolHits = 0;
  poolMisses = 0;
  healthChecksPassed = 0;
  healthCheckFailures = 0;
  refusedSessions = 0;
  readonly connect = new Latency();
  readonly exec = new Latency();
}

export interface Totals {
  readonly poolHits: number;
  readonly poolMisses: number;
  /** Hits over all uses, 0 to 1; 0 before the first. */
  readonly reuseRate: number;
  readonly activeConnections: number;
  readonly idleConnections: number;
  readonly totalConnections: number;
  readonly healthChecksPassed: number;
  readonly healthCheckFailures: number;
  readonly activeSessions: number;
  readonly queued: number;
  readonly refusedSessions: number;
  readonly connectMs: Percentiles;
  readonly execMs: Percentiles;
}

export function totals(counters: Counters, rows: readonly ConnectionRow[], queued: number): Totals {
  const { poolHits, poolMisses } = counters;
  const uses = poolHits + poolMisses;
  const idle = rows.filter(({ state }) => state === 'idle').length;
  return {
    poolHits,
    poolMisses,
    reuseRate: uses === 0 ? 0 : Math.round((poolHits / uses) * 10_000) / 10_000,
    activeConnections: rows.length - idle,
    idleConnections: idle,
    totalConnections: rows.length,
    healthChecksPassed: counters.healthChecksPassed,
    healthCheckFailures: counters.healthCheckFailures,
    activeSessions: rows.reduce((sum, { sessions }) => sum + sessions, 0),
    queued,
    refusedSessions: counters.refusedSessions,
    connectMs: counters.connect.percentiles(),
    execMs: counters.exec.percentiles(),
  };
}
