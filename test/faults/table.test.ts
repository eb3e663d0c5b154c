/**
 * `npm run faults`: makes faults, and checks what a caller sees, how long it takes and what is left.
 * `npm test` runs a part of the rows, and small ones; SSHPOOL_TESTS=full runs all in full size and
 * writes docs/RELIABILITY.md.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { writeSection } from '../support/reliability.ts';
import { haveSshd } from '../support/sshd.ts';
import { FULL } from '../support/size.ts';
import type { Row } from './row.ts';
import { agentRows } from './rows/agent.ts';
import { callerRows } from './rows/callers.ts';
import { hostileRows } from './rows/hostile.ts';
import { networkRows } from './rows/network.ts';
import { placeRows } from './rows/places.ts';
import { serverRows } from './rows/servers.ts';
import { Stage } from './stage.ts';
import { type Line, renderText, renderTables } from './table.ts';

const GROUPS: readonly (readonly [title: string, rows: readonly Row[]])[] = [
  ['Networks', networkRows],
  ['Servers', serverRows],
  ['Hostile servers', hostileRows],
  ['The agent', agentRows],
  ['Callers', callerRows],
  ['Other users', placeRows],
];
const LOG_CHARACTERS = 20_000;
const ROWS = GROUPS.flatMap(([, rows]) => rows);

const lines = new Map<Row, Line>();

afterAll(() => {
  const linesOf = (rows: readonly Row[]): Line[] => rows.flatMap((row) => lines.get(row) ?? []);
  process.stdout.write(renderText(linesOf(ROWS)));
  if (!FULL || lines.size < ROWS.length) return;
  writeSection('faults', renderTables(GROUPS.map(([title, rows]) => [title, linesOf(rows)])));
});

describe.skipIf(!haveSshd())('faults', { timeout: 600_000 }, () => {
  it.concurrent.for(
    ROWS.filter(({ full }) => FULL || !full).map((row) => [row.name, row] as const),
  )('%s', async ([, row], { skip }) => {
    if (row.skip !== undefined) {
      lines.set(row, { row, seen: [], tookMs: 0, left: '', problems: [], skipped: row.skip });
      skip(row.skip);
    }
    const stage = new Stage(FULL);
    try {
      await row.run(stage);
      await stage.settle(row.left);
    } catch (error) {
      stage.problems.push(error instanceof Error ? error.message : String(error));
    }
    const log = stage.log.slice(-LOG_CHARACTERS);
    await stage.end();
    const { tookMs, left, problems } = stage;
    lines.set(row, { row, seen: [...stage.seen], tookMs, left, problems });
    expect({ problems, log: problems.length > 0 ? log : '' }).toEqual({ problems: [], log: '' });
  });
});
