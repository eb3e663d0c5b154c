/**
 * `npm run reach`: sshpool reaches every host that ssh reaches, and none that ssh would not trust. Each row
 * compares ssh with sshpool over each link that can do it, and over the link that `auto` chooses.
 */
import { createHash } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import type { ConnectionRow } from '../../src/pool/connection/stats-row.ts';
import { runCli, ssh } from '../support/cli.ts';
import { until } from '../support/process.ts';
import { createSandbox } from '../support/sandbox.ts';
import { FULL } from '../support/size.ts';
import { haveSshd } from '../support/sshd.ts';
import { poolStats } from '../support/stats.ts';
import { isRoot, makeLoginUser } from './fixtures.ts';
import { outcomeOf, type Row } from './row.ts';
import { keyRows } from './rows/keys.ts';
import { nameRows } from './rows/names.ts';
import { passwordRows, questionRows } from './rows/passwords.ts';
import { dropbearRows, serverRows } from './rows/servers.ts';
import { sessionRows } from './rows/sessions.ts';
import { trustRows } from './rows/trust.ts';
import { wayRows } from './rows/ways.ts';

const user = isRoot && haveSshd() ? makeLoginUser() : undefined;

const ROWS: readonly Row[] = [
  ...keyRows,
  ...passwordRows(user),
  ...questionRows,
  ...trustRows,
  ...wayRows,
  ...nameRows,
  ...serverRows,
  ...dropbearRows(user),
  ...sessionRows,
];

type Setting = 'auto' | 'ssh2' | 'openssh';
interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly after: string;
}

/** The printed table, one line per row. */
type Cells = Partial<Record<'ssh' | Setting | 'link', string>>;
const table = new Map<string, Cells>();

afterAll(() => {
  user?.[Symbol.dispose]();
  process.stdout.write(render());
});

describe('reach', () => {
  it.concurrent.for(ROWS.map((row) => [row.name, row] as const))(
    '%s',
    async ([, row], { skip }) => {
      const reason = haveSshd() ? row.skip : 'there is no sshd';
      const cells: Cells = reason === undefined ? {} : { ssh: `skipped: ${reason}` };
      table.set(row.name, cells);
      if (reason !== undefined) skip(reason);
      expect(await compare(row, cells)).toEqual([]);
    },
  );
});

/** The differences from ssh and from the expected outcome; fills the row of the table. */
async function compare(row: Row, cells: Cells): Promise<string[]> {
  const reference = await runSsh(row);
  cells.ssh = outcomeOf(reference);
  if (cells.ssh !== row.outcome) return [`ssh: ${cells.ssh}: ${reference.stderr}`];
  const differences: string[] = [];
  for (const setting of ['auto', 'ssh2', 'openssh'] as const) {
    // `auto` has tried the link that it chose; by its name it is the same once more.
    if (!FULL && setting === cells.link) {
      cells[setting] = 'by auto';
      continue;
    }
    // In sequence, because a small machine would be too slow for all at once.
    const { first, second, links } = await runTwice(row, setting);
    cells[setting] = outcomeOf(first);
    if (setting === 'auto') cells.link = links.join(' ');
    const impossible = setting === 'ssh2' ? row.notOverSsh2 : undefined;
    if (impossible) cells.ssh2 = 'not possible';
    const found = impossible
      ? [isRefusal(first, impossible)]
      : [
          isLike(reference, first),
          saysLike(row, reference, first),
          isLike(reference, second),
          isOver(row, setting, links),
        ];
    const problems = found.filter((problem) => problem !== undefined);
    differences.push(...problems.map((problem) => `${setting}: ${problem}`));
  }
  return differences;
}

function isLike(reference: Result, result: Result): string | undefined {
  const facts = (of: Result): string =>
    JSON.stringify([outcomeOf(of), of.code, of.stdout, of.after]);
  if (facts(reference) === facts(result)) return undefined;
  return `${facts(result)}, and not ${facts(reference)}: ${result.stderr}`;
}

/** For the first call only: a warm call does not get the messages of the login. */
function saysLike({ words }: Row, reference: Result, result: Result): string | undefined {
  const said = ({ stderr }: Result): string => JSON.stringify(words && words.exec(stderr)?.[0]);
  if (said(reference) === said(result)) return undefined;
  return `said ${said(result)}, and not ${said(reference)}`;
}

/** Checks for one line that says why ssh2 cannot do it. */
function isRefusal({ code, stdout, stderr }: Result, words: RegExp): string | undefined {
  const oneLine = stderr.trimEnd().split('\n').length === 1;
  const fits = code === 255 && stdout === '' && oneLine && words.test(stderr);
  return fits ? undefined : `ended with ${code}: ${stderr}`;
}

/** Checks that the call used the required or expected link, and no other. */
function isOver(
  { link: chosen }: Row,
  setting: Setting,
  links: readonly string[],
): string | undefined {
  const link = chosen ?? 'ssh2';
  const one = setting === 'auto' ? link : setting;
  const expected = link === 'none' ? 'none' : one;
  const found = links.join(' ') || 'none';
  return found === expected ? undefined : `over ${found}, and not over ${expected}`;
}

async function runSsh(row: Row): Promise<Result> {
  await using sandbox = createSandbox();
  const { args, run = {}, after = () => '' } = await row.prepare(sandbox);
  const { code, stdout, stderr } = await ssh(sandbox, args, withoutTerminal(run));
  return { code, stdout: digest(stdout), stderr, after: await after() };
}

/** With a new agent; the second call uses the pooled connection. */
async function runTwice(
  row: Row,
  setting: Setting,
): Promise<{ first: Result; second: Result; links: string[] }> {
  await using sandbox = createSandbox();
  const { args, run = {}, after = () => '' } = await row.prepare(sandbox);
  const env = { ...run.env, SSH_POOL_LINK: setting };
  const call = async (): Promise<Result> => {
    const options = withoutTerminal({ ...run, env });
    const { code, stdout, stderr } = await runCli(sandbox, ['exec', ...args], options);
    return { code, stdout: digest(stdout), stderr, after: await after() };
  };
  const first = await call();
  const second = await call();
  // Without the connections to jump hosts.
  const own = async (): Promise<ConnectionRow[]> =>
    (await poolStats(sandbox)).connections.filter(({ target }) => target === args.at(-2));
  if (row.link === 'none') await until(async () => (await own()).length === 0, 'it is closed');
  return { first, second, links: [...new Set((await own()).map(({ link }) => link))] };
}

/** The tests may run in a terminal; the calls have none, and SSH_ASKPASS only if the row sets it. */
function withoutTerminal<T extends object>(run: T): T {
  return { ...run, apart: true };
}

/** Long output by its checksum: a diff of megabytes would be unreadable. */
function digest(bytes: Buffer): string {
  if (bytes.length < 10_000) return bytes.toString();
  return createHash('sha256').update(bytes).digest('hex');
}

function render(): string {
  const heading = ['case', 'ssh', 'sshpool', 'link', 'ssh2', 'openssh'];
  const rows = [...table].map(([name, { ssh: reference = '', auto = '', link = '', ...rest }]) => [
    name,
    reference,
    auto,
    link,
    rest.ssh2 ?? '',
    rest.openssh ?? '',
  ]);
  const widths = heading.map((_, column) =>
    Math.max(...[heading, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return `\n${[heading, ...rows].map(line).join('\n')}\n`;
}
