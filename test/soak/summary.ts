/** The result of a soak: whether anything grew or is left, and the figures for docs/RELIABILITY.md. */
import { markdownTable } from '../../scripts/sections.js';
import { KIND_NAMES, type Load } from './load.ts';
import { medianRss, megabytes, slope, type Sample } from './samples.ts';

/** Part of the run in which memory may still grow. */
const WARM_UP = 0.3;
export const MOST_GROWTH_BYTES = 30e6;
/** Node keeps descriptors open that it opens once for DNS and child processes. */
const MOST_NEW_DESCRIPTORS = 3;

const afterWarmUp = (samples: readonly Sample[]): readonly Sample[] =>
  samples.slice(Math.floor(samples.length * WARM_UP));

/** Resident bytes after the warm-up and at the end, each the median of some samples. */
function growth(samples: readonly Sample[]): { readonly from: number; readonly to: number } {
  const warm = afterWarmUp(samples);
  const part = Math.max(1, Math.floor(warm.length / 3));
  return { from: medianRss(warm.slice(0, part)), to: medianRss(warm.slice(-part)) };
}

/** The problems; `samples` are from before the first call to after the last. */
export function judge(samples: readonly Sample[]): string[] {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) return ['there are no samples'];
  const { from, to } = growth(samples);
  const problems: string[] = [];
  if (to - from > MOST_GROWTH_BYTES) {
    problems.push(`resident memory grew from ${megabytes(from)} to ${megabytes(to)} MB`);
  }
  if (last.descriptors > first.descriptors + MOST_NEW_DESCRIPTORS) {
    problems.push(`${last.descriptors} descriptors are open, ${first.descriptors} at the start`);
  }
  if (last.connections > 0) problems.push(`${last.connections} connections are left`);
  if (last.sessions > 0) problems.push(`${last.sessions} sessions are left`);
  if (last.pid !== first.pid) problems.push('the agent is another one');
  return problems;
}

/** Two tables in Markdown. */
export function render(
  minutes: number,
  load: Load,
  samples: readonly Sample[],
  leftovers: readonly string[],
): string {
  const calls = KIND_NAMES.map((name) => {
    const {
      calls: made = 0,
      succeeded = 0,
      expected = 0,
      unexpected = 0,
    } = load.counts.get(name) ?? {};
    return [name, ...[made, succeeded, expected, unexpected].map(String)];
  });
  const { from, to } = growth(samples);
  const most = (of: (sample: Sample) => number): number => Math.max(...samples.map(of));
  const ends = (of: (sample: Sample) => number): string =>
    [samples[0], samples.at(-1)].map((each) => (each ? of(each) : '')).join(' / ');
  const facts = [
    ['Minutes', String(minutes)],
    ['Resident memory after the warm-up / at the end', `${megabytes(from)} / ${megabytes(to)} MB`],
    ['Its slope after the warm-up', `${megabytes(slope(afterWarmUp(samples)) * 3600)} MB an hour`],
    ['Its largest value', `${megabytes(most((each) => each.rssBytes))} MB`],
    [
      'JavaScript heap at the start / end',
      `${ends((each) => Math.round(each.heapBytes / 1e6))} MB`,
    ],
    ['Descriptors at the start / end', ends((each) => each.descriptors)],
    ['Descriptors, most', String(most((each) => each.descriptors))],
    ['Connections, most', String(most((each) => each.connections))],
    ['Sessions, most seen', String(most((each) => each.sessions))],
    ['Left over', leftovers.join('; ') || 'nothing'],
  ];
  return [
    markdownTable([
      ['Calls', 'made', 'as they must', 'failed at a fault', 'failed without'],
      ...calls,
    ]),
    markdownTable([['What', 'Value'], ...facts]),
  ].join('\n\n');
}
