/** Package managers, each with its defaults, into an empty place of the user's own. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Env, Row, Stage } from '../row.ts';
import { callsWork, isServedNatively } from '../smoke.ts';
import { nodeDirectory, tool } from '../tools.ts';

interface Manager {
  readonly name: string;
  /** Installs the package with this PATH; returns the program. */
  readonly install: (stage: Stage, env: Env) => string;
  /** The version of Node that it runs on. */
  readonly node: number;
}

/** The user's settings, which may name a registry and its certificates, stay. */
function manage(words: readonly string[], env: Env, cwd: string): void {
  const [program = '', ...args] = words;
  execFileSync(program, args, { cwd, env: { ...process.env, ...env }, stdio: 'pipe' });
}

function npm(version: number): Manager['install'] {
  return ({ sandbox, packed }, env) => {
    const cli = join(tool(`npm@${version}`), 'npm', 'bin', 'npm-cli.js');
    const prefix = sandbox.path('prefix');
    const words = ['node', cli, 'install', '--global', '--prefix', prefix, packed];
    manage(words, env, sandbox.home);
    return join(prefix, 'bin', 'sshpool');
  };
}

const MANAGERS: readonly Manager[] = [
  { name: 'npm 11', node: 20, install: npm(11) },
  { name: 'npm 12', node: 24, install: npm(12) },
  {
    name: 'pnpm',
    node: 24,
    install({ sandbox, packed }, env) {
      const cli = join(tool('pnpm@10'), 'pnpm', 'bin', 'pnpm.cjs');
      const home = sandbox.path('pnpm');
      const own = { ...env, PNPM_HOME: home, PATH: `${home}:${env['PATH'] ?? ''}` };
      manage(['node', cli, 'add', '--global', packed], own, sandbox.home);
      return join(home, 'sshpool');
    },
  },
  {
    name: 'yarn 1',
    node: 20,
    install({ sandbox, packed }, env) {
      const cli = join(tool('yarn@1'), 'yarn', 'bin', 'yarn.js');
      const prefix = sandbox.path('prefix');
      const folder = [
        '--global-folder',
        sandbox.path('yarn'),
        '--cache-folder',
        sandbox.path('cache'),
      ];
      const words = ['global', 'add', `file:${packed}`, '--prefix', prefix, ...folder];
      manage(['node', cli, ...words], env, sandbox.home);
      return join(prefix, 'bin', 'sshpool');
    },
  },
  {
    name: 'bun',
    node: 24,
    install({ sandbox, packed }, env) {
      const bun = join(tool('bun@1'), '.bin', 'bun');
      const own = { ...env, BUN_INSTALL: sandbox.path('bun') };
      manage([bun, 'add', '--global', packed], own, sandbox.home);
      return sandbox.path('bun', 'bin', 'sshpool');
    },
  },
];

export const managerRows: readonly Row[] = MANAGERS.map(({ name, node, install }) => ({
  name: `installed by ${name} with its defaults, on Node ${node}`,
  full: name !== 'npm 12',
  async run(stage) {
    const { sandbox } = stage;
    mkdirSync(sandbox.path('empty'));
    const env = { PATH: `${nodeDirectory(node)}:${sandbox.env['PATH'] ?? ''}` };
    const smoke = { program: install(stage, env), env };
    await callsWork(stage, smoke);
    await isServedNatively(stage, smoke);
  },
}));
