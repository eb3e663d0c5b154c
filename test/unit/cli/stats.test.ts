import { expect, test } from 'vitest';
import type { AgentStats } from '../../../src/agent/methods.ts';
import { renderStats } from '../../../src/cli/commands/stats.ts';

const NONE = { count: 0, p50: null, p95: null, p99: null };
const NOW = Date.parse('2026-01-01T00:00:00Z');

/** An agent under load; its connection has these names. */
function found(target: string, host: string): AgentStats {
  const row = {
    ...{ id: 1, target, user: 'deployment', host, port: 2222, link: 'openssh', linkReason: '' },
    ...{ state: 'draining', sessions: 10, hits: 123_456, bytesIn: 9e9, bytesOut: 8e9 },
    ...{ rttMs: 1234.5, lastUsedAt: new Date(NOW).toISOString() },
  };
  const totals = {
    ...{ poolHits: 1, poolMisses: 1, reuseRate: 0.5, totalConnections: 1, activeConnections: 1 },
    ...{ idleConnections: 0, activeSessions: 1, queued: 0, refusedSessions: 0 },
    ...{ healthChecksPassed: 0, healthCheckFailures: 0, connectMs: NONE, execMs: NONE },
  };
  const agent = { pid: 1, version: '0.1.0', uptimeMs: 0, rssBytes: 0 };
  return { ...agent, totals, connections: [row] } as unknown as AgentStats;
}

const rowsOf = (page: string): string[] =>
  page.split('\n').filter((line) => /TARGET|open/.test(line));

test('names are shown whole if there is room for them', () => {
  const stats = found(
    'a-rather-long-name.of.a.machine',
    'a-rather-long-name.of.a.machine.example.org',
  );
  const page = renderStats(stats, { now: NOW, columns: 200 });
  expect(page).toContain(
    'a-rather-long-name.of.a.machine  deployment@a-rather-long-name.of.a.machine.example.org:2222',
  );
  expect(renderStats(stats, { now: NOW, columns: Infinity })).toBe(page);
});

test('the address is shortened first, then the name, so that a connection under load fits into 80 columns', () => {
  const stats = found(
    'a-rather-long-name.of.a.machine',
    'a-rather-long-name.of.a.machine.example.org',
  );
  const lines = rowsOf(renderStats(stats, { now: NOW, columns: 80 }));
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(lines[1]).toMatch(/^a-\S+…  deployment@…  openssh/);
});

test('a name that fits is not shortened beside an address that does not fit', () => {
  const stats = found('web1', 'a-rather-long-name.of.a.machine.example.org');
  expect(rowsOf(renderStats(stats, { now: NOW, columns: 80 }))[1]).toMatch(
    /^web1    deployment@a\S*…  openssh/,
  );
});
