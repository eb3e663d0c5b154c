/** The counters of a pool as programs have them. */
import type { PoolStats } from './types.ts';

/** Of all that is counted, in this process or by the agent, what PoolStats names. */
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
