/**
 * `npm run platforms`: the package on versions of Node, by package managers, for users as they are met.
 * `npm test` runs a part of the rows; SSHPOOL_TESTS=full runs all, and writes docs/PLATFORMS.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pack } from '../../scripts/package-tools.js';
import { markdownTable, withSection } from '../../scripts/sections.js';
import { runProgram, stopAgentAtTheEnd } from '../support/cli.ts';
import { prebuilt } from '../support/installed.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { FULL } from '../support/size.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';
import type { Row, Stage } from './row.ts';
import { machineRows } from './rows/machines.ts';
import { managerRows } from './rows/managers.ts';
import { nodeRows } from './rows/nodes.ts';
import { upgradeRows } from './rows/upgrades.ts';
import { userRows } from './rows/users.ts';

const DOCUMENT = new URL('../../docs/PLATFORMS.md', import.meta.url);
const ROWS: readonly Row[] = [
  ...nodeRows,
  ...machineRows,
  ...managerRows,
  ...userRows,
  ...upgradeRows,
];

const results = new Map<Row, string>();

const tableOf = (rows: readonly Row[]): string =>
  markdownTable([
    ['What', 'Result'],
    ...rows.map((row) => [row.name, results.get(row) ?? 'failed']),
  ]);

describe.skipIf(!haveSshd() || prebuilt() === undefined)('platforms', () => {
  let packing: Sandbox;
  let packed: string;

  beforeAll(() => {
    packing = createSandbox();
    packed = pack(packing.root, { anew: FULL });
  });
  afterAll(async () => {
    await packing[Symbol.asyncDispose]();
    if (!FULL || results.size < ROWS.length) return;
    writeFileSync(
      DOCUMENT,
      withSection(readFileSync(DOCUMENT, 'utf8'), 'platforms', tableOf(ROWS)),
    );
  });

  it.concurrent.for(
    ROWS.filter(({ full }) => FULL || !full).map((row) => [row.name, row] as const),
  )('%s', { timeout: 600_000 }, async ([, row], { skip }) => {
    if (row.skip !== undefined) {
      results.set(row, `not tried: ${row.skip}`);
      skip(row.skip);
    }
    await using sandbox = createSandbox();
    stopAgentAtTheEnd(sandbox);
    const sshd = await startSshd(sandbox);
    const stage: Stage = {
      sandbox,
      sshd,
      packed,
      run: (words, env, stdin = '') =>
        runProgram(sandbox, words, { env, stdin, timeoutMs: 300_000 }),
    };
    await expect(row.run(stage)).resolves.toBeUndefined();
    results.set(row, 'ok');
  });
});
