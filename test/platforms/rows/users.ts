/** Users and homes as they are met. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { nodeDirectory, tool } from '../../../scripts/package-tools.js';
import { isNative } from '../../support/launcher.ts';
import type { Env, Row, Stage } from '../row.ts';
import { callsWork, isServedNatively } from '../smoke.ts';
import { installGlobally } from '../tools.ts';

/** Accounts of every Linux that are not root's; one for each row, as rows run at the same time. */
const [ONE_USER, ANOTHER_USER] = [65_534, 1];
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

/** A user that is not root, with a home that has a key for the server. */
interface Another {
  readonly home: string;
  /** The words before a program that this user runs. */
  readonly as: readonly string[];
  readonly env: Env;
  /** The ssh_config with the host `box`. */
  readonly config: string;
  /** Where the agent's files are: this user has no /run/user. */
  readonly runtime: string;
}

function anotherUser({ sandbox, sshd }: Stage, uid: number): Another {
  for (const path of [sandbox.root, sandbox.home]) chmodSync(path, 0o711);
  const home = sandbox.path('another');
  mkdirSync(home);
  const [identity = ''] = sshd.identities;
  copyFileSync(identity, join(home, 'key'));
  const known = sandbox.write('another/known_hosts', readFileSync(sshd.knownHosts, 'utf8'));
  const options = [`Host box`, `HostName 127.0.0.1`, `Port ${sshd.port}`, `User ${sshd.user}`];
  options.push(`IdentityFile ${home}/key`, `UserKnownHostsFile ${known}`);
  const config = sandbox.write('another/config', `${options.join('\n')}\n`);
  for (const path of [home, join(home, 'key'), known, config]) chownSync(path, uid, uid);
  return {
    home,
    config,
    as: ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'],
    env: { HOME: home, SSH_POOL_RUNTIME_DIR: undefined, XDG_RUNTIME_DIR: undefined },
    runtime: `/tmp/sshpool-${uid}`,
  };
}

/** Two calls of that user, over one connection. */
async function callsOfAnotherWork(
  { sandbox, sshd, run }: Stage,
  { as, env, config, runtime }: Another,
  program: string,
): Promise<void> {
  sandbox.defer(async () => {
    await run([...as, program, 'agent', 'stop', '--force'], env);
    rmSync(runtime, { recursive: true, force: true });
  });
  for (const input of ['first', 'second']) {
    const call = [...as, program, 'exec', '-F', config, 'box', 'cat; exit 4'];
    const done = await run(call, env, input);
    assert.deepEqual([done.code, done.stdout.toString(), done.stderr], [4, input, '']);
  }
  assert.equal(sshd.logins(), 1);
}

/** With a package that only root can write to. */
async function worksForAnother(stage: Stage): Promise<void> {
  const { sandbox, packed, run } = stage;
  const program = await installGlobally(packed, sandbox.path('prefix'));
  const another = anotherUser(stage, ONE_USER);
  const { as, env, runtime } = another;
  await callsOfAnotherWork(stage, another, program);
  const status = await run([...as, program, 'agent', 'status'], env);
  assert.match(status.stdout.toString(), /^launcher native, .*bin\/launchers\/sshpool-/m);
  assert.match(status.stdout.toString(), new RegExp(`^socket +${runtime}/agent.sock$`, 'm'));
  assert.equal(isNative(program), false);
}

/** Installed by that user, who has no right to anything of root's. */
async function installedByAnother(stage: Stage): Promise<void> {
  const { sandbox, packed, run } = stage;
  const another = anotherUser(stage, ANOTHER_USER);
  const { as, home, config } = another;
  const [node, npm] = [sandbox.path('node'), sandbox.path('npm')];
  cpSync(await nodeDirectory(24), node, { recursive: true });
  cpSync(await tool('npm@12'), npm, { recursive: true });
  const own = join(home, basename(packed));
  copyFileSync(packed, own);
  // npm's settings, which may name a registry, are root's.
  const registry = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim();
  const path = `${node}:${sandbox.env['PATH'] ?? ''}`;
  const env = { ...another.env, PATH: path, npm_config_registry: registry };
  const cli = join(npm, 'npm', 'bin', 'npm-cli.js');
  const prefix = join(home, 'prefix');
  const words = ['node', cli, 'install', '--global', '--prefix', prefix, own];
  const certificates = process.env['NODE_EXTRA_CA_CERTS'];
  const done = await run([...as, ...words], { ...env, NODE_EXTRA_CA_CERTS: certificates });
  assert.equal(done.code, 0, done.stderr);
  const program = join(prefix, 'bin', 'sshpool');
  await callsOfAnotherWork(stage, { ...another, env }, program);
  const status = await run([...as, program, 'agent', 'status'], env);
  assert.match(status.stdout.toString(), /^launcher native$/m);
  const trace = join(home, 'trace');
  const traced = ['strace', '-f', '-e', 'trace=execve', '-o', trace, program];
  const call = await run([...as, ...traced, 'exec', '-F', config, 'box', 'exit 4'], env);
  assert.deepEqual([call.code, call.stderr], [4, '']);
  const started = readFileSync(trace, 'utf8').match(/execve\("[^"]*"/g);
  assert.deepEqual(started, [`execve("${program}"`]);
}

function whyNoTrace(): string | undefined {
  if (!isRoot) return 'takes root, to be another user';
  return existsSync('/usr/bin/strace') ? undefined : 'there is no strace';
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
    run: worksForAnother,
  },
  {
    name: 'npm 12 run by an ordinary user, into an empty prefix: strace of a later exec shows the launcher alone',
    full: true,
    skip: whyNoTrace(),
    run: installedByAnother,
  },
];
