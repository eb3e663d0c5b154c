/**
 * `npm run fidelity`: `sshpool ssh` behaves like ssh. Each row runs the real ssh and, over a warm
 * pool, the launcher and the Node client with the same words, input, terminal and signals.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';
import { poolStats } from '../support/stats.ts';
import { Caller, CONTENDERS, SSH, type World } from './caller.ts';
import { differences, type Facts, type Row } from './row.ts';
import { commandRows } from './rows/command.ts';
import { delegatedRows } from './rows/delegated.ts';
import { environmentRows } from './rows/environment.ts';
import { exitRows } from './rows/exit.ts';
import { forwardingRows } from './rows/forwarding.ts';
import { inputRows } from './rows/input.ts';
import { outputRows } from './rows/output.ts';
import { ptyRows } from './rows/pty.ts';
import { signalRows } from './rows/signals.ts';
import { escapeRows, terminalRows } from './rows/terminal.ts';
import { makeConfig, SERVER_OPTIONS } from './world.ts';

const ROWS: readonly Row[] = [
  ...exitRows,
  ...commandRows,
  ...inputRows,
  ...outputRows,
  ...environmentRows,
  ...forwardingRows,
  ...delegatedRows,
  ...ptyRows,
  ...terminalRows,
  ...escapeRows,
  ...signalRows,
];

const AGAINST_ITSELF = process.env['SSHPOOL_FIDELITY'] === 'ssh';

/** What the table shows at the end, one line a row. */
const table = new Map<string, string[]>();

describe.skipIf(!haveSshd())('sshpool ssh', () => {
  let world: World;

  beforeAll(async () => {
    const sandbox = createSandbox();
    const sshd = await startSshd(sandbox, { options: SERVER_OPTIONS });
    world = { sandbox, sshd, config: await makeConfig(sandbox, sshd) };
    // For the login shell, at whose prompt a row types.
    sandbox.write('home/.profile', `PS1='prompt: '\n`);
    const [first] = CONTENDERS;
    if (first) await new Caller(world, first).run(['box', 'true']);
  });

  afterAll(async () => {
    process.stdout.write(render());
    await world.sandbox[Symbol.asyncDispose]();
  });

  describe('does as ssh does:', () => {
    it.concurrent.for(ROWS.map((row) => [row.name, row] as const))(
      '%s',
      async ([, row], { skip }) => {
        if (row.skip !== undefined) {
          table.set(row.name, [`skipped: ${row.skip}`]);
          skip(row.skip);
        }
        expect(await compare(world, row)).toEqual([]);
      },
    );
  });

  it.skipIf(AGAINST_ITSELF)('and does it over the pool', async () => {
    const { totals } = await poolStats(world.sandbox);
    // Rows that fail, jump, or break a connection make their own; the others ride the first one.
    expect(totals.poolHits).toBeGreaterThan(ROWS.length);
    expect(totals.reuseRate).toBeGreaterThan(0.8);
  });
});

/** What differs from ssh; fills the row of the table. */
async function compare(world: World, row: Row): Promise<string[]> {
  const reference = await row.act(new Caller(world, SSH));
  if (reference['code'] === 'did not end') return ['ssh did not end'];
  const found: string[] = [];
  const cells: string[] = [];
  // One after the other: they are compared, and the machine is small.
  for (const contender of CONTENDERS) {
    const problems = await compareOne(row, reference, new Caller(world, contender));
    const like = row.differs ? `differs: ${row.differs.why}` : 'same';
    cells.push(problems.length === 0 ? like : 'NOT THE SAME');
    found.push(...problems.map((problem) => `${contender.name}: ${problem}`));
  }
  table.set(row.name, cells);
  return found;
}

async function compareOne(row: Row, reference: Facts, caller: Caller): Promise<string[]> {
  let facts: Facts;
  try {
    facts = await row.act(caller);
  } catch (error) {
    return [String(error)];
  }
  const chosen = row.differs?.in ?? [];
  // A difference that is none any more shall not stay in the table.
  const stale = chosen.filter(
    (name) => JSON.stringify(reference[name]) === JSON.stringify(facts[name]),
  );
  return [
    ...differences(reference, facts, chosen),
    ...(AGAINST_ITSELF ? [] : stale.map((name) => `${name} is the same, and should differ`)),
  ];
}

function render(): string {
  const rows = [
    ['', ...CONTENDERS.map(({ name }) => name)],
    ...[...table].map(([name, cells]) => [name, ...cells]),
  ];
  const width = Math.max(...rows.map(([name = '']) => name.length));
  const lines = rows.map(([name = '', ...cells]) =>
    [name.padEnd(width), ...cells.map((cell) => cell.padEnd(12))].join('  ').trimEnd(),
  );
  return `\n${lines.join('\n')}\n${table.size} rows\n`;
}
