// @ts-check
/** Writes docs/benchmarks.md: everything but the notes comes from the run. */
import { markdownTable } from '../scripts/sections.js';

/** @typedef {import('./rows.js').Row} Row */
/** @typedef {import('./rows.js').Figures} Figures */
/**
 * @typedef Result
 * @property {Row} row
 * @property {import('./rows.js').Outcome} [outcome] none if it failed
 * @property {string[]} problems why it misses its target; empty if it does not
 */

const NOTES = /** @type {const} */ (['<!-- notes -->', '<!-- /notes -->']);
/** The problem that the table shows by itself. */
export const ABOVE = 'above the target';
const FIRST_NOTES = '## What was tried and did not help\n\nNothing is written down yet.';

/** @param {number} ms */
const showMs = (ms) =>
  ms >= 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${ms.toFixed(ms >= 100 ? 0 : 1)} ms`;

/** @param {Figures | undefined} figures */
export function showTime(figures) {
  return figures === undefined ? '' : `${showMs(figures.median)} (${showMs(figures.p99)})`;
}

/** Empty without a limit. @param {Row} row */
export function showLimit({ limit, unit, show }) {
  if (limit === undefined) return '';
  const number = limit > 0 && limit < 0.1 ? `1/${Math.round(1 / limit)}` : show(limit);
  return `${number.replace(/\.0+$/, '')} ${unit}`;
}

/** @param {Result} result */
export function showValue({ row, outcome }) {
  return outcome === undefined ? 'failed' : `${row.show(outcome.value)} ${row.unit}`;
}

/**
 * @param {string} previous the document of the last run, or nothing
 * @param {{ results: readonly Result[], facts: readonly [string, string][], floor: import('./facts.js').Floor }} run
 */
export function document(previous, { results, facts, floor }) {
  return [
    '# Benchmarks',
    'Written by `npm run bench`; only the notes at the end are written by hand.',
    '![Times of sshpool beside those of ssh over ControlMaster](benchmarks.svg)',
    resultTable(results),
    'Times are medians, with the 99th percentile (of fewer than 100 samples: the largest) in ' +
      'brackets. A ratio is the median of the ratios of pairs that ran right after one another.',
    ...remarks(results),
    '## The floor',
    floorText(floor, results),
    '## Where',
    markdownTable([['What', 'Which'], ...facts]),
    '## How',
    METHOD,
    NOTES[0],
    notesOf(previous),
    `${NOTES[1]}\n`,
  ].join('\n\n');
}

/** @param {readonly Result[]} results */
function resultTable(results) {
  const heading = ['Work', 'sshpool', 'ControlMaster', 'ssh, new', 'Result', 'At most', ''];
  return markdownTable([
    heading,
    ...results.map((result) => [
      result.row.name,
      showTime(result.outcome?.pool),
      showTime(result.outcome?.master),
      showTime(result.outcome?.cold),
      showValue(result),
      showLimit(result.row),
      result.problems.length === 0 ? 'ok' : 'missed',
    ]),
  ]);
}

/** @param {readonly Result[]} results */
function remarks(results) {
  const lines = results.flatMap(({ row, outcome, problems }) => {
    const said = [
      ...problems.filter((problem) => problem !== ABOVE),
      ...(outcome?.remark ? [outcome.remark] : []),
    ];
    // Text from the machine is not interpreted as Markdown.
    return said.length === 0
      ? []
      : [`- ${row.name}: ${said.join('; ').replace(/[*_<`]/g, '\\$&')}`];
  });
  return lines.length === 0 ? [] : [lines.join('\n')];
}

/** @param {import('./facts.js').Floor} floor @param {readonly Result[]} results */
function floorText({ start, shell, roundTrips }, results) {
  const paths = /** @type {const} */ ([
    ['true, loopback', roundTrips.loopback],
    ['true, 20 ms', roundTrips.far20],
    ['true, 100 ms', roundTrips.far100],
  ]);
  const rows = paths.map(([name, roundTrip]) => {
    const ours = results.find(({ row }) => row.name === name)?.outcome?.pool?.median;
    const least = start + roundTrip + shell;
    const above = ours === undefined ? '' : `${(ours - least).toFixed(1)} ms`;
    const cells = [start, roundTrip, shell, least].map((ms) => `${ms.toFixed(2)} ms`);
    return [name, ...cells, ours === undefined ? '' : `${ours.toFixed(1)} ms`, above];
  });
  const heading = ['Work', 'process start', 'round trip', 'remote shell', 'floor', 'we', 'above'];
  return [
    'A program that runs a remote command starts a process (here `/bin/true`), waits for one round trip ' +
      '(a byte there and back, as measured) and for the remote shell (`/bin/sh -c true`, started ' +
      'locally).',
    markdownTable([heading, ...rows]),
  ].join('\n\n');
}

const METHOD = [
  '- An sshd of its own on 127.0.0.1 with its own keys, default MaxSessions and MaxStartups, and a',
  '  login user with an empty home and `/bin/sh`.',
  '- Distance is played by relays in a process of their own: half of the round trip each way, order',
  '  kept, no limit on bandwidth but where one is named (per connection and direction).',
  '- The contenders run in turn (A B A B) as whole processes, started and timed by `bench/spawn.c`',
  '  with posix_spawn; rounds that only warm up are not counted. The master is started beforehand.',
  '- "ssh, new" is `ssh` with a connection of its own each time, in every fourth or tenth round.',
  '- MB and KB are 10^6 and 10^3 bytes; 1 GB of data is 2^30. Resident memory is VmRSS of the agent,',
  '  and ru_maxrss of the launcher.',
].join('\n');

/** @param {string} text */
function notesOf(text) {
  const [open, close] = NOTES.map((marker) => text.indexOf(marker));
  if (open === undefined || close === undefined || open < 0 || close < open) return FIRST_NOTES;
  return text.slice(open + NOTES[0].length, close).trim() || FIRST_NOTES;
}
