/** Resource use of the agent at one time, and statistics over many samples. */
import { openFiles } from '../support/process.ts';
import type { Sandbox } from '../support/sandbox.ts';
import { poolStats } from '../support/stats.ts';

export interface Sample {
  /** Since the start, in seconds. */
  readonly second: number;
  readonly pid: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly descriptors: number;
  readonly connections: number;
  readonly sessions: number;
}

export async function takeSample(sandbox: Sandbox, second: number): Promise<Sample> {
  const { pid, rssBytes, heapBytes, totals } = await poolStats(sandbox);
  return {
    ...{ second, pid, rssBytes, heapBytes },
    descriptors: openFiles(pid).length,
    connections: totals.totalConnections,
    sessions: totals.activeSessions,
  };
}

/** Growth in bytes a second, by least squares. */
export function slope(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number): number =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const [second, bytes] = [mean((each) => each.second), mean((each) => each.rssBytes)];
  const over = samples.reduce((sum, each) => sum + (each.second - second) ** 2, 0);
  const along = samples.reduce(
    (sum, each) => sum + (each.second - second) * (each.rssBytes - bytes),
    0,
  );
  return over === 0 ? 0 : along / over;
}

/** The median of the memory sizes, in bytes. */
export function medianRss(samples: readonly Sample[]): number {
  const sorted = samples.map(({ rssBytes }) => rssBytes).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

export const showSample = (sample: Sample): string =>
  [
    `${sample.second} s`,
    `${megabytes(sample.rssBytes)} MB`,
    `heap ${megabytes(sample.heapBytes)} MB`,
    `${sample.descriptors} descriptors`,
    `${sample.connections} connections`,
    `${sample.sessions} sessions`,
  ].join(', ');

export const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
