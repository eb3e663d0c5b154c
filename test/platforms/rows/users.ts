/** Users and homes as they are met. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { isNative } from '../../support/launcher.ts';
import type { Env, Row, Stage } from '../row.ts';
import { callsWork, isServedNatively } from '../smoke.ts';
import { installGlobally } from '../tools.ts';

/** An account of every system that is not root's. */
const OTHER_USER = 65_534;
const isRoot = process.getuid?.() === 0;

/** A directory with nothing but these programs. */
function only(stage: Stage, ...programs: string[]): string {
  const directory = stage.sandbox.path('only');
  mkdirSync(directory);
  for (const name of programs) {
    const found = execFileSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' });
    symlinkSync(found.trim(), join(directory, name));
  }
  return directory;
}

interface Place {
  readonly env?: Env;
  readonly prefix?: string;
  readonly options?: readonly string[] | undefined;
}

async function works(
  stage: Stage,
  { env = {}, prefix = stage.sandbox.path('prefix'), options }: Place,
): Promise<void> {
  const smoke = { program: await installGlobally(stage.packed, prefix, options), env };
  await callsWork(stage, smoke);
  await isServedNatively(stage, smoke);
}

/** Calls of another user, with a package that only root can write to. */
async function worksForAnother(stage: Stage, env: Env): Promise<void> {
  const { sandbox, sshd, packed, run } = stage;
  const program = await installGlobally(packed, sandbox.path('prefix'));
  for (const path of [sandbox.root, sandbox.home]) chmodSync(path, 0o711);
  const home = sandbox.path('another');
  mkdirSync(home);
  const [identity = ''] = sshd.identities;
  copyFileSync(identity, join(home, 'key'));
  const known = sandbox.write('another/known_hosts', readFileSync(sshd.knownHosts, 'utf8'));
  const options = [`Host box`, `HostName 127.0.0.1`, `Port ${sshd.port}`, `User ${sshd.user}`];
  options.push(`IdentityFile ${home}/key`, `UserKnownHostsFile ${known}`);
  const config = sandbox.write('another/config', `${options.join('\n')}\n`);
  for (const path of [home, join(home, 'key'), known, config])
    chownSync(path, OTHER_USER, OTHER_USER);
  const as = [
    'setpriv',
    `--reuid=${OTHER_USER}`,
    `--regid=${OTHER_USER}`,
    '--clear-groups',
    program,
  ];
  const runtime = `/tmp/sshpool-${OTHER_USER}`;
  const own = { ...env, HOME: home, SSH_POOL_RUNTIME_DIR: undefined, XDG_RUNTIME_DIR: undefined };
  sandbox.defer(async () => {
    await run([...as, 'agent', 'stop', '--force'], own);
    rmSync(runtime, { recursive: true, force: true });
  });
  for (const input of ['first', 'second']) {
    const done = await run([...as, 'exec', '-F', config, 'box', 'cat; exit 4'], own, input);
    assert.deepEqual([done.code, done.stdout.toString(), done.stderr], [4, input, '']);
  }
  assert.equal(sshd.logins(), 1);
  const status = await run([...as, 'agent', 'status'], own);
  assert.match(status.stdout.toString(), /^launcher native, .*bin\/launchers\/sshpool-/m);
  assert.match(status.stdout.toString(), new RegExp(`^socket +${runtime}/agent.sock$`, 'm'));
  assert.equal(isNative(program), false);
}

export const userRows: readonly Row[] = [
  {
    name: 'install scripts, of which ssh2 has one',
    full: true,
    run: (stage) => works(stage, { options: [] }),
  },
  {
    name: 'no install scripts (--ignore-scripts)',
    full: true,
    run: (stage) => works(stage, { options: ['--ignore-scripts'] }),
  },
  {
    name: 'no C compiler: PATH has node and ssh alone',
    full: true,
    run: (stage) => works(stage, { env: { PATH: only(stage, 'node', 'ssh') } }),
  },
  {
    name: 'a space in HOME, and the package in it',
    full: true,
    async run(stage) {
      const home = stage.sandbox.path('a home');
      mkdirSync(home);
      await works(stage, { env: { HOME: home }, prefix: join(home, 'npm global') });
    },
  },
  {
    name: 'no HOME',
    full: true,
    run: (stage) => works(stage, { env: { HOME: undefined } }),
  },
  {
    name: "root's package, which the user cannot write to, and no /run/user of the user",
    full: false,
    skip: isRoot ? undefined : 'takes root, to be another user',
    run: (stage) => worksForAnother(stage, {}),
  },
];
