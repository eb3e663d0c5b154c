/** The tables in the documents agree with the source, and the files that they name exist. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PHASES } from '../../src/ssh/channel/channel.ts';
import { CONNECTION_MOVES } from '../../src/pool/connection/lifetime.ts';
import { WAITER_MOVES } from '../../src/pool/waiting-calls.ts';
import { SESSION_MOVES } from '../../src/ssh/channel/session.ts';

const read = (name: string): string =>
  readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

const text = read('docs/ARCHITECTURE.md');

const cells = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('`', ''));

/** The transitions in the table after the marker, in the source's form. */
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
    ['PHASES of src/ssh/channel/channel.ts', PHASES],
    ['SESSION_MOVES of src/ssh/channel/session.ts', SESSION_MOVES],
    ['CONNECTION_MOVES of src/pool/connection/lifetime.ts', CONNECTION_MOVES],
    ['WAITER_MOVES of src/pool/waiting-calls.ts', WAITER_MOVES],
  ])('has the %s', (marker, table) => {
    expect(documented(marker)).toEqual(table);
  });

  it('stays short', () => {
    expect(text.split('\n').length).toBeLessThanOrEqual(150);
  });
});

describe('docs/RELIABILITY.md', () => {
  const [, section = ''] =
    /<!-- limits -->([^]*)<!-- \/limits -->/.exec(read('docs/RELIABILITY.md')) ?? [];
  const limits = section.trim().split('\n').slice(2).map(cells);

  it.each(limits)('has the value of: %s', (_, value, constant = '', file = '') => {
    const found = new RegExp(`\\b${constant} = ([\\d_* -]+);`).exec(read(file))?.[1] ?? '';
    const factors = found.replaceAll('_', '').split(' - ').map(product);
    expect(String(factors.reduce((sum, factor) => sum - factor))).toBe(value);
  });
});

/** Multiplies numbers separated by stars. */
const product = (words: string): number =>
  words.split('*').reduce((result, factor) => result * Number(factor), 1);

it.each(['docs/RELIABILITY.md', 'docs/SECURITY.md', 'CONTRIBUTING.md'])(
  '%s names only files that exist',
  (name) => {
    const named = read(name).match(/\b(?:test|src)\/[\w./-]+\.\w+/g) ?? [];
    expect(named.length).toBeGreaterThan(0);
    const missing = named.filter((file) => !existsSync(new URL(`../../${file}`, import.meta.url)));
    expect(missing).toEqual([]);
  },
);
