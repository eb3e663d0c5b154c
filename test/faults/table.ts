/** The table of faults, for the terminal and for docs/RELIABILITY.md. */
import { markdownTable } from '../../scripts/sections.js';
import type { Row } from './row.ts';

export interface Line {
  readonly row: Row;
  /** Results of the calls, one text for each kind of outcome. */
  readonly seen: readonly string[];
  /** Time of the longest call. */
  readonly tookMs: number;
  readonly left: string;
  /** Failed checks. */
  readonly problems: readonly string[];
  /** Why the row did not run. */
  readonly skipped?: string;
}

const showMs = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function resultOf({ skipped, problems }: Line): string {
  if (skipped !== undefined) return `skipped: ${skipped}`;
  return problems.length === 0 ? 'ok' : 'FAILED';
}

export function renderText(lines: readonly Line[]): string {
  const blocks = lines.flatMap((line) => [
    `${resultOf(line).padEnd(7)} ${line.row.name} [${showMs(line.tookMs)}]`,
    ...line.seen.map((seen) => `          saw ${seen}`),
    ...(line.left === '' ? [] : [`          left ${line.left}`]),
    ...line.problems.map((problem) => `        ! ${problem}`),
  ]);
  return `\n${blocks.join('\n')}\n`;
}

/** One table for each group. */
export function renderTables(groups: readonly (readonly [title: string, Line[]])[]): string {
  return groups.flatMap(([title, lines]) => [`### ${title}`, renderTable(lines)]).join('\n\n');
}

function renderTable(lines: readonly Line[]): string {
  return markdownTable([
    ['Fault', 'Made by', 'Must', 'Seen (exit status, words)', 'Took', 'Left', ''],
    ...lines.map((line) =>
      [
        line.row.name,
        line.row.made,
        line.row.must,
        line.seen.join('; ') || 'works',
        showMs(line.tookMs),
        line.left,
        resultOf(line),
      ].map(escape),
    ),
  ]);
}

/** Escapes the special characters of Markdown and its tables. */
const escape = (cell: string): string => cell.replace(/[|*_<`\\]/g, String.raw`\$&`);
