/** `sshpool stats`: the pool's counters and connections, as text or JSON. */
import type { AgentStats } from '../../agent/methods.ts';
import type { Percentiles } from '../../pool/stats.ts';
import type { ConnectionRow } from '../../pool/connection/stats-row.ts';
import { callRunning } from '../agent-call.ts';
import { colors } from '../colors.ts';
import { printError, shownWidth, table } from '../ui.ts';

export interface StatsOptions {
  readonly json?: true;
}

export async function stats(target: string | undefined, { json }: StatsOptions): Promise<number> {
  const found = await callRunning('stats', { target: target ?? null });
  if (found === undefined) {
    if (json) process.stdout.write('null\n');
    printError('sshpool: no agent is running');
    return 0;
  }
  if (target !== undefined && !json && found.connections.length === 0) {
    printError(`sshpool: no connection to ${target}`);
    return 1;
  }
  // In a file or a pipe names are not shortened.
  const { isTTY, columns } = process.stdout;
  const page = { now: Date.now(), columns: isTTY && columns > 0 ? columns : Infinity };
  process.stdout.write(json ? `${JSON.stringify(found, null, 2)}\n` : renderStats(found, page));
  return 0;
}

export interface Page {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly columns: number;
}

export function renderStats(found: AgentStats, { now, columns }: Page): string {
  const { totals, connections } = found;
  const percent = `${(totals.reuseRate * 100).toFixed(1)}%`;
  const lines = table(
    [
      [
        'agent',
        `pid ${found.pid}, version ${found.version}, up ${duration(found.uptimeMs)}, ${size(found.rssBytes)}`,
      ],
      ['reuse', `${colors.bold(percent)} (${totals.poolHits} hits, ${totals.poolMisses} misses)`],
      [
        'connections',
        `${totals.totalConnections} (${totals.activeConnections} active, ${totals.idleConnections} idle)`,
      ],
      [
        'sessions',
        `${totals.activeSessions} running, ${totals.queued} queued, ${totals.refusedSessions} refused`,
      ],
      [
        'health',
        `${totals.healthChecksPassed} checks passed, ${totals.healthCheckFailures} failed`,
      ],
      ['connect', latency(totals.connectMs)],
      ['exec', latency(totals.execMs)],
    ].map(([name = '', text = '']) => [colors.dim(name), text]),
  );
  const rows = connections.map((row) => connectionCells(row, now));
  if (rows.length > 0) {
    lines.push('', ...table(fitting([HEADINGS.map((h) => colors.dim(h)), ...rows], columns)));
  }
  lines.push(...reasons(connections));
  return `${lines.join('\n')}\n`;
}

/** Why ssh2 does not carry some connections, one line for each reason. */
function reasons(connections: readonly ConnectionRow[]): string[] {
  const unusual = connections.filter(({ link }) => link !== 'ssh2');
  const lines = unusual.map(({ target, link, linkReason }) => `${target}: ${link}, ${linkReason}`);
  return lines.length === 0 ? [] : ['', ...new Set(lines)];
}

const HEADINGS = ['TARGET', 'ADDRESS', 'LINK', 'STATE', 'RUN', 'HITS', 'IDLE', 'IN', 'OUT', 'RTT'];
/** Shortened in a narrow terminal, in this order. */
const CUT = [
  { column: HEADINGS.indexOf('ADDRESS'), least: 12 },
  { column: HEADINGS.indexOf('TARGET'), least: 8 },
] as const;

function fitting(rows: readonly (readonly string[])[], columns: number): readonly string[][] {
  let fitted = rows.map((row) => [...row]);
  for (const { column, least } of CUT) {
    const excess = Math.max(...table(fitted).map(shownWidth)) - columns;
    const width = Math.max(...fitted.map((row) => shownWidth(row[column] ?? '')));
    const most = Math.max(least, width - Math.max(0, excess));
    fitted = fitted.map((row) => row.with(column, cut(row[column] ?? '', most)));
  }
  return fitted;
}

function connectionCells(row: ConnectionRow, now: number): string[] {
  const { target, user, host, port, link, state, sessions, hits, bytesIn, bytesOut, rttMs } = row;
  return [
    target,
    `${user}@${host}:${port}`,
    link,
    state === 'idle' ? colors.green(state) : colors.yellow(state),
    String(sessions),
    String(hits),
    state === 'idle' ? duration(now - Date.parse(row.lastUsedAt)) : '-',
    size(bytesIn),
    size(bytesOut),
    rttMs === null ? '-' : rttMs.toFixed(1),
  ];
}

function cut(text: string, most: number): string {
  if (shownWidth(text) <= most) return text;
  const letters = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
  return `${letters.slice(0, most - 1).join('')}…`;
}

function latency({ count, p50, p95, p99 }: Percentiles): string {
  if (p50 === null || p95 === null || p99 === null) return '-';
  return `p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms (${count})`;
}

export function size(bytes: number): string {
  const units = ['B', 'K', 'M', 'G', 'T'];
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)}${units[unit]}`;
}

export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${seconds % 60}s`;
  if (seconds < 86_400)
    return `${Math.floor(seconds / 3600)}h${Math.floor((seconds % 3600) / 60)}m`;
  return `${Math.floor(seconds / 86_400)}d${Math.floor((seconds % 86_400) / 3600)}h`;
}
