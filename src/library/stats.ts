/** The fields of PoolStats, out of all counters of this process or of the agent. */
import type { PoolStats } from './types.ts';

export function statsOf(totals: PoolStats): PoolStats {
  return {
    poolHits: totals.poolHits,
    poolMisses: totals.poolMisses,
    activeConnections: totals.activeConnections,
    idleConnections: totals.idleConnections,
    totalConnections: totals.totalConnections,
    healthCheckFailures: totals.healthCheckFailures,
    healthChecksPassed: totals.healthChecksPassed,
  };
}
