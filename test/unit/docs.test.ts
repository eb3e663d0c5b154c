/** What docs/ARCHITECTURE.md says in tables is what the source has. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PHASES } from '../../src/ssh/channel.ts';
import { SESSION_MOVES } from '../../src/ssh/session.ts';

const text = readFileSync(new URL('../../docs/ARCHITECTURE.md', import.meta.url), 'utf8');

const cells = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('`', ''));

/** The moves that the table under the marker shows, as the source writes them. */
function documented(marker: string): Record<string, Record<string, string>> {
  const after = text.split(`<!-- table: ${marker} -->\n\n`)[1] ?? '';
  const [heading = '', , ...rows] = (after.split('\n\n')[0] ?? '').split('\n');
  const [, ...events] = cells(heading);
  return Object.fromEntries(
    rows.map(cells).map(([state = '', ...next]) => {
      const moves = events.map((event, i): [string, string] => [event, next[i] ?? '']);
      return [state, Object.fromEntries(moves.filter(([, to]) => to !== '-'))];
    }),
  );
}

describe('docs/ARCHITECTURE.md', () => {
  it.each([
    ['PHASES of src/ssh/channel.ts', PHASES],
    ['SESSION_MOVES of src/ssh/session.ts', SESSION_MOVES],
  ])('has the %s', (marker, table) => {
    expect(documented(marker)).toEqual(table);
  });

  it('stays short', () => {
    expect(text.split('\n').length).toBeLessThanOrEqual(150);
  });
});
