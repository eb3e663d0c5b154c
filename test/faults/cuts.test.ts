/** Connections that are cut at random: every call ends, none runs twice, and each exit status is right. */
import { afterAll, describe, expect, it } from 'vitest';
import { markdownTable } from '../../scripts/sections.js';
import { createSandbox } from '../support/sandbox.ts';
import { haveSshd } from '../support/sshd.ts';
import { makeCuts, type Tally } from './cuts.ts';
import { writeSection } from '../support/reliability.ts';
import { FULL } from '../support/size.ts';

const CUTS = FULL ? 1000 : 30;
/** Random for each run; SSHPOOL_SEED repeats the cuts of an earlier run. */
const SEED = Number(process.env['SSHPOOL_SEED'] ?? Date.now() % 1_000_000);

const NEVER = {
  ...{ ranTwice: 0, unanswered: 0, doneWithoutWork: 0, outputLost: 0, notSaid: 0, other: 0 },
} satisfies Partial<Tally>;

const tallies: [string, Tally][] = [];

afterAll(() => {
  for (const [link, tally] of tallies) {
    const { words, ...counts } = tally;
    process.stdout.write(`cuts over ${link}, seed ${SEED}: ${JSON.stringify(counts)}\n`);
    for (const [text, count] of words) process.stdout.write(`  ${count} x ${text}\n`);
  }
  if (FULL && tallies.length === 2) writeSection('cuts', renderCuts());
});

describe.skipIf(!haveSshd())('connections that are cut at random', { timeout: 3_600_000 }, () => {
  it.concurrent.each(['ssh2', 'openssh'] as const)(
    'leave every call with one run at most and a right exit status (%s)',
    async (link) => {
      const sandbox = createSandbox();
      try {
        const tally = await makeCuts(sandbox, { cuts: CUTS, link, seed: SEED, callers: 4 });
        tallies.push([link, tally]);
        expect(tally).toMatchObject(NEVER);
        expect(tally.cuts).toBeGreaterThanOrEqual(CUTS);
        expect(tally.liveCuts).toBeGreaterThanOrEqual(CUTS / 4);
      } finally {
        await sandbox[Symbol.asyncDispose]();
      }
    },
  );
});

const COLUMNS: readonly [keyof Omit<Tally, 'words'>, string][] = [
  ['cuts', 'cuts'],
  ['liveCuts', 'of these while a call was under way'],
  ['calls', 'calls'],
  ['succeeded', 'ended with 0'],
  ['failed', 'ended with 255 and one line'],
  ['failedAndRan', 'of these had run'],
  ['ranTwice', 'ran twice'],
  ['unanswered', 'without an answer'],
  ['doneWithoutWork', 'ended with 0 and had not run'],
  ['outputLost', 'ended with 0 and lost output'],
  ['notSaid', 'had run and did not say that the connection was lost'],
  ['other', 'ended otherwise'],
];

function renderCuts(): string {
  const cells = (tally: Tally): string[] => COLUMNS.map(([name]) => String(tally[name]));
  const columns = tallies.map(([, tally]) => cells(tally));
  return markdownTable([
    [`seed ${SEED}`, ...tallies.map(([link]) => `over ${link}`)],
    ...COLUMNS.map(([, title], row) => [title, ...columns.map((column) => column[row] ?? '')]),
  ]);
}
