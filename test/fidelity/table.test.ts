/**
 * `npm run fidelity`: sshpool behaves as ssh. Each row is run with ssh and with `sshpool ssh`, over a
 * warm pool, and compared in stdout, stderr and exit status.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROGRAM, runProgram } from '../support/cli.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';
import { poolStats } from '../support/stats.ts';
import { haveTerminals, Terminal } from '../support/terminal.ts';
import { PRELUDE, type Row } from './row.ts';
import { commandRows } from './rows/commands.ts';
import { exitRows } from './rows/exits.ts';
import { jumpRows } from './rows/jumps.ts';
import { keyFileRows } from './rows/key-files.ts';
import { sessionRows } from './rows/sessions.ts';
import { streamRows } from './rows/streams.ts';
import { terminalRows } from './rows/terminals.ts';

const ROWS: readonly Row[] = [
  ...exitRows,
  ...commandRows,
  ...streamRows,
  ...jumpRows,
  ...keyFileRows,
  ...sessionRows,
  ...terminalRows,
];

/** The command line of each contender. */
const CONTENDERS = { ssh: 'ssh', sshpool: `${PROGRAM} ssh` } as const;
type Contender = keyof typeof CONTENDERS;

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let sandbox: Sandbox;
let variables: Record<string, string>;

beforeAll(async () => {
  sandbox = createSandbox();
  if (!haveSshd()) return;
  const options = { AcceptEnv: 'FIDELITY_*', MaxStartups: '100' };
  const sshd = await startSshd(sandbox, { options });
  const config = sshd.config();
  variables = {
    PORT: String(sshd.port),
    CONFIG: config,
    KEY: sshd.identities[0] ?? '',
    // A valid form, but no real key.
    OTHER_KEY: `AAAAC3NzaC1lZDI1NTE5AAAAI${'A'.repeat(43)}`,
  };
  // A shell with a fixed prompt.
  writeFileSync(sandbox.path('home', '.profile'), "PS1='$ '\n");
  await run({ name: 'warm', script: '$SSH box true' }, 'sshpool');
});

afterAll(async () => {
  if (haveSshd()) {
    const { totals } = await poolStats(sandbox);
    process.stdout.write(
      `fidelity: ${ROWS.length} behaviours; the pool: ` +
        `${totals.poolHits} hits, ${totals.poolMisses} misses\n`,
    );
  }
  await sandbox[Symbol.asyncDispose]();
});

describe.skipIf(!haveSshd())('as ssh', () => {
  it.concurrent.for(ROWS.map((row) => [row.name, row] as const))(
    '%s',
    async ([, row], { skip }) => {
      if (row.typed && !haveTerminals()) skip('there is no script(1)');
      const theirs = await run(row, 'ssh');
      expect(await run(row, 'sshpool')).toEqual(theirs);
    },
  );
});

let runs = 0;

async function run(row: Row, contender: Contender): Promise<Outcome> {
  const dir = sandbox.path(`run-${(runs += 1)}`);
  mkdirSync(dir, { mode: 0o700 });
  const env = { ...variables, DIR: dir, SSH: `${CONTENDERS[contender]} -F ${variables['CONFIG']}` };
  const words = ['bash', '-c', PRELUDE + row.script];
  const outcome = row.typed
    ? await inTerminal(words, env, row.typed)
    : await runProgram(sandbox, words, { env, ...(row.stdin && { stdin: row.stdin }) });
  const plain = (text: string): string =>
    (row.normal?.(text) ?? text)
      .replaceAll(dir, 'DIR')
      .replaceAll(/\/dev\/pts\/\d+/g, 'PTS')
      // Since OpenSSH 10 the last line is printed before the terminal is restored: its line end differs.
      .replaceAll(row.typed ? /\r+\n/g : /\r\n/g, '\r\n');
  return {
    code: outcome.code,
    stdout: plain(outcome.stdout.toString('latin1')),
    stderr: plain(outcome.stderr),
  };
}

async function inTerminal(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  typed: NonNullable<Row['typed']>,
): Promise<Outcome> {
  const terminal = Terminal.run(sandbox, words, env);
  const code = await terminal.dialogue(...typed);
  return { code, stdout: terminal.screen, stderr: '' };
}
