/**
 * Tools that run ssh, through a warm pool: configured to use sshpool, and under `sshpool wrap`.
 * Their results must be those with the real ssh.
 */
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROGRAM, runCli } from '../support/cli.ts';
import type { Sandbox } from '../support/sandbox.ts';
import { createSandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';
import { FULL } from '../support/size.ts';
import { poolStats } from '../support/stats.ts';
import { linkInto, makeFile, makeTree, treeOf } from './trees.ts';
import { TOOLS, type Run, type Way } from './tools.ts';

const BIG = FULL ? 200_000_000 : 50_000_000;
const SMALL = { brief: false, fill: makeTree };

const haveRsync = spawnSync('rsync', ['--version']).status === 0;
if (!haveRsync) process.stdout.write('tools.test: no rsync here, so it is not tried\n');
const TOOLS_HERE = TOOLS.filter((tool) => haveRsync || tool.name !== 'rsync');

// Copies of 200 MB take half a minute, and four times as long on a busy machine.
describe.skipIf(!haveSshd())('through the pool', { timeout: 600_000 }, () => {
  let sandbox: Sandbox;
  let config: string;
  let big: string;
  let directories = 0;

  beforeAll(async () => {
    sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    config = sshd.config();
    big = makeFile(sandbox.path('big'), BIG);
    symlinkSync(PROGRAM, sandbox.path('sshpool-ssh'));
    writeFileSync(sandbox.path('gitconfig'), GIT_CONFIG);
  });

  afterAll(() => sandbox[Symbol.asyncDispose]());

  const ways = {
    plain: (): Way => ({ before: [], rsh: `ssh -F ${config}`, options: ['-F', config] }),
    program: (): Way => ({
      before: [],
      rsh: `${sandbox.path('sshpool-ssh')} -F ${config}`,
      options: ['-S', sandbox.path('sshpool-ssh'), '-F', config],
    }),
    wrap: (): Way => ({ ...ways.plain(), before: [PROGRAM, 'wrap'] }),
  };

  /** Runs the tool in a new directory, with the files to send in `source`. */
  async function act(
    tool: (typeof TOOLS)[number],
    way: Way,
    { brief, fill }: { readonly brief: boolean; readonly fill: (source: string) => void },
  ): Promise<unknown> {
    const dir = sandbox.path('work', String((directories += 1)));
    mkdirSync(join(dir, 'source'), { recursive: true });
    fill(join(dir, 'source'));
    const run: Run = (words, options = {}) => runTool(sandbox, words, { cwd: dir, ...options });
    const said = await tool.act({ dir, way, run, brief });
    return { said: said.map((text) => text.replaceAll(dir, '{dir}')), tree: treeOf(dir) };
  }

  /** Checks that all ssh calls of the tool were pool hits. */
  async function allHits(work: () => Promise<unknown>, least = 1): Promise<unknown> {
    // A short call during a large transfer may need a second connection: opens it now.
    await runCli(sandbox, ['exec', '-F', config, 'box', 'true']);
    const before = (await poolStats(sandbox)).totals;
    const result = await work();
    const after = (await poolStats(sandbox)).totals;
    expect(after.poolMisses).toBe(before.poolMisses);
    expect(after.poolHits).toBeGreaterThanOrEqual(before.poolHits + least);
    return result;
  }

  describe.for(TOOLS_HERE.map((tool) => [tool.name, tool] as const))('%s', ([, tool]) => {
    it.for(['program', 'wrap'] as const)(
      'gives the same result as with ssh, by %s',
      async (name) => {
        const reference = await act(tool, ways.plain(), SMALL);
        const result = await allHits(() => act(tool, ways[name](), SMALL), tool.calls);
        expect(result).toEqual(reference);
      },
    );

    it('copies a large file to the other side and back', async () => {
      const large = { brief: true, fill: (source: string) => linkInto(source, big) };
      const result = await allHits(() => act(tool, ways.program(), large), tool.calls);
      // Each copy of the file must be identical.
      const { tree } = result as { tree: Record<string, string> };
      const copies = Object.entries(tree).filter(([path]) => path.endsWith('/big'));
      expect(copies.length).toBeGreaterThanOrEqual(2);
      expect(new Set(copies.map(([, sum]) => sum)).size).toBe(1);
    });
  });
});

/** Nothing is compressed, because the speed of git is not tested. */
const GIT_CONFIG = `
[user]
  name = Test
  email = test@example.invalid
[init]
  defaultBranch = main
[core]
  compression = 0
  bigFileThreshold = 1m
[gc]
  auto = 0
`;

function runTool(
  sandbox: Sandbox,
  [program = '', ...args]: readonly string[],
  { cwd, env }: { cwd: string; env?: Record<string, string> },
): Promise<string> {
  const all = {
    ...sandbox.env,
    GIT_CONFIG_GLOBAL: sandbox.path('gitconfig'),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
    GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
    ...env,
  };
  return new Promise((resolve) => {
    execFile(program, args, { cwd, env: all }, (error, stdout, stderr) => {
      resolve(`${error ? `failed with ${String(error.code)}\n` : ''}${stdout}${stderr}`);
    });
  });
}
