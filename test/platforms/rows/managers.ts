/** Package managers, each with its defaults, into an empty place of the user's own. */
import { join } from 'node:path';
import { install, installByNpm, nodeDirectory, tool } from '../../../scripts/package-tools.js';
import type { Env, Row, Stage } from '../row.ts';
import { callsWork, isServedNatively } from '../smoke.ts';

interface Manager {
  readonly name: string;
  /** Installs the package with this PATH; returns the program. */
  readonly add: (stage: Stage, env: Env) => Promise<string>;
  /** The version of Node that it runs on. */
  readonly node: number;
}

const npm =
  (version: number): Manager['add'] =>
  ({ sandbox, packed }, env) =>
    installByNpm(version, packed, sandbox.path('prefix'), env);

const MANAGERS: readonly Manager[] = [
  { name: 'npm 11', node: 20, add: npm(11) },
  { name: 'npm 12', node: 24, add: npm(12) },
  {
    name: 'pnpm',
    node: 24,
    async add({ sandbox, packed }, env) {
      const cli = join(await tool('pnpm@10'), 'pnpm', 'bin', 'pnpm.cjs');
      const home = sandbox.path('pnpm');
      const own = { ...env, PNPM_HOME: home, PATH: `${home}:${env['PATH'] ?? ''}` };
      await install(['node', cli, 'add', '--global', packed], own, sandbox.home);
      return join(home, 'sshpool');
    },
  },
  {
    name: 'yarn 1',
    node: 20,
    async add({ sandbox, packed }, env) {
      const cli = join(await tool('yarn@1'), 'yarn', 'bin', 'yarn.js');
      const prefix = sandbox.path('prefix');
      const folder = [
        '--global-folder',
        sandbox.path('yarn'),
        '--cache-folder',
        sandbox.path('cache'),
      ];
      const words = ['global', 'add', `file:${packed}`, '--prefix', prefix, ...folder];
      await install(['node', cli, ...words], env, sandbox.home);
      return join(prefix, 'bin', 'sshpool');
    },
  },
  {
    name: 'bun',
    node: 24,
    async add({ sandbox, packed }, env) {
      const bun = join(await tool('bun@1'), '.bin', 'bun');
      const own = { ...env, BUN_INSTALL: sandbox.path('bun') };
      await install([bun, 'add', '--global', packed], own, sandbox.home);
      return sandbox.path('bun', 'bin', 'sshpool');
    },
  },
];

export const managerRows: readonly Row[] = MANAGERS.map(({ name, node, add }) => ({
  name: `installed by ${name} with its defaults, on Node ${node}`,
  full: name !== 'npm 12',
  async run(stage) {
    const { sandbox } = stage;
    const env = { PATH: `${await nodeDirectory(node)}:${sandbox.env['PATH'] ?? ''}` };
    const smoke = { program: await add(stage, env), env };
    await callsWork(stage, smoke);
    await isServedNatively(stage, smoke);
  },
}));
