/** Versions of Node, from the npm packages that `node` consists of. */
import assert from 'node:assert/strict';
import { cpSync, readdirSync, realpathSync, symlinkSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { agentPid } from '../../../src/config/settings/agent-pid.ts';
import { nodeDirectory } from '../../../scripts/package-tools.js';
import { ROOT } from '../../support/package.ts';
import type { Row, Stage } from '../row.ts';
import { callsWork, isServedNatively, libraryWorks, terminalWorks } from '../smoke.ts';
import { installGlobally } from '../tools.ts';

const OLDEST = 20;
const NEWEST = 26;
const NOT_NEEDED = new Set(['.git', '.cache', 'node_modules', 'coverage', 'test']);

async function works(stage: Stage, major: number): Promise<void> {
  const { sandbox, packed, run } = stage;
  const directory = await nodeDirectory(major);
  const node = join(directory, 'node');
  const prefix = sandbox.path('prefix');
  const env = { PATH: `${directory}:${sandbox.env['PATH'] ?? ''}` };
  const smoke = { program: await installGlobally(packed, prefix), env };
  await callsWork(stage, smoke);
  const pid = await agentPid(sandbox.paths);
  assert.equal(realpathSync(`/proc/${pid}/exe`), realpathSync(node));
  await isServedNatively(stage, smoke);
  await terminalWorks(stage, smoke);
  await libraryWorks(stage, { env, node, modules: join(prefix, 'lib', 'node_modules') });
  await builds(stage, env);
  const demo = await run([smoke.program, 'demo'], env);
  assert.deepEqual([demo.code, demo.stderr], [0, '']);
}

async function builds({ sandbox, run }: Stage, env: { PATH: string }): Promise<void> {
  const source = sandbox.path('source');
  for (const name of readdirSync(ROOT).filter((entry) => !NOT_NEEDED.has(entry))) {
    cpSync(join(ROOT, name), join(source, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(source, 'node_modules'));
  const done = await run(['node', join(source, 'scripts', 'build.js')], env);
  assert.deepEqual([done.code, done.stdout.toString(), done.stderr], [0, '', '']);
}

const isSupplied = platform() === 'linux' && (arch() === 'x64' || arch() === 'arm64');

export const nodeRows: readonly Row[] = [20, 22, 24, 26].map((major) => ({
  name: `Node ${major}: commands, terminal, library over both links, build, demo`,
  full: major !== OLDEST && major !== NEWEST,
  skip: isSupplied ? undefined : 'there is no package of Node for this machine',
  run: (stage) => works(stage, major),
}));
