/** Docker compose and the resources of a host, on the command line and from programs. */
import { chmodSync, cpSync, mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  composeExec,
  getComposeStatus,
  getHostResources,
  listComposeProjects,
  SSHConnectionPool,
  type HostConfig,
} from 'sshpool';
import { PROGRAM, runCli, runProgram, spawnCli, type Result } from '../support/cli.ts';
import { libraryHost } from '../support/library-host.ts';
import { processesNaming, signal, until } from '../support/process.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd, type Sshd } from '../support/sshd.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/compose', import.meta.url));

/** Replaces docker on the server: prints its arguments or a recorded output. */
const DOCKER = `#!/bin/sh
here=$(dirname "$0")
case "$*" in
  "compose ls --all --format json") cat "$here/compose/ls-2026-mixed.txt";;
  "compose -p demo ps --all --format json")
    echo 'WARN[0000] the attribute version is obsolete' >&2
    cat "$here/compose/ps-mixed-built.txt";;
  "compose -p cut ps --all --format json") head -c 200 "$here/compose/ps-2.24-lines.txt";;
  "compose -p none ps --all --format json") ;;
  "compose -p down ps --all --format json") echo 'Cannot connect to the Docker daemon' >&2; exit 1;;
  "compose -p demo logs -f") echo 'web-1  | ready'; exec sleep "$(cat "$here/mark")";;
  *) printf '<%s>' "$@"; echo; exit 3;;
esac
`;

describe.skipIf(!haveSshd())('on a host with docker', () => {
  const mark = `66.${process.pid}`;
  let sandbox: Sandbox;
  let box: Sshd;
  let config: string;
  let pool: SSHConnectionPool;
  let host: HostConfig;

  beforeAll(async () => {
    sandbox = createSandbox();
    mkdirSync(sandbox.path('remote'));
    cpSync(FIXTURES, sandbox.path('remote/compose'), { recursive: true });
    sandbox.write('remote/mark', mark);
    chmodSync(sandbox.write('remote/docker', DOCKER), 0o755);
    const path = `PATH=${sandbox.path('remote')}:${sandbox.env['PATH']}`;
    box = await startSshd(sandbox, { options: { SetEnv: path } });
    config = box.config();
    host = libraryHost(box);
    vi.stubEnv('SSH_POOL_RUNTIME_DIR', sandbox.run);
    pool = new SSHConnectionPool({ configFile: 'none' });
    sandbox.defer(() => pool.closeAll());
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await sandbox[Symbol.asyncDispose]();
  });

  const compose = (...words: string[]): Promise<Result> =>
    runCli(sandbox, ['compose', '-F', config, 'box', ...words]);

  describe('sshpool compose', () => {
    it('lists the projects', async () => {
      const listed = await compose('ls');
      expect(listed).toMatchObject({ code: 0, stderr: '' });
      expect(listed.stdout.toString()).toBe(
        [
          'PROJECT  STATUS   CONTAINERS           FILES',
          'demo     partial  1 exited, 6 running  /srv/demo/docker-compose.yml, /srv/demo/docker-compose.worktree.yml',
          'other    partial  1 exited, 6 running  /srv/other+more/docker-compose.yml, /srv/other+more/docker-compose.worktree.yml',
          '',
        ].join('\n'),
      );
    });

    it('shows the services of one', async () => {
      const shown = await compose('ps', 'demo');
      expect(shown).toMatchObject({ code: 0, stderr: '' });
      expect(shown.stdout.toString()).toBe(
        [
          'SERVICE  CONTAINER      STATE    HEALTH     EXIT  PORTS',
          'web      demo-web-1     running  unhealthy  -     0.0.0.0:8080->80/tcp, [::]:8080->80/tcp',
          'worker   demo-worker-1  exited   -          137',
          'partial',
          '',
        ].join('\n'),
      );
    });

    it.each([
      [
        ['ls', '--json'],
        [{ name: 'demo' }, { name: 'other' }],
      ],
      [['ps', 'demo', '--json'], { name: 'demo', status: 'partial' }],
    ])('prints JSON with %j', async (words, expected) => {
      const { stdout } = await compose(...words);
      expect(JSON.parse(stdout.toString())).toMatchObject(expected);
    });

    it('shows no colours with NO_COLOR', async () => {
      const words = ['compose', '-F', config, 'box', 'ps', 'demo'];
      const { stdout } = await runCli(sandbox, words, { env: { FORCE_COLOR: '1', NO_COLOR: '1' } });
      expect(stdout.toString()).not.toContain('\u001b');
    });

    it('runs any command of docker compose, with its output and exit status', async () => {
      const run = await compose('restart', 'demo', '-t', '5', "it's");
      expect(run).toMatchObject({ code: 3, stderr: '' });
      expect(run.stdout.toString()).toBe("<compose><-p><demo><restart><-t><5><it's>\n");
    });

    it('finds the files of a project that it starts', async () => {
      const run = await compose('up', 'demo', '--wait');
      const files = '<-f></srv/demo/docker-compose.yml><-f></srv/demo/docker-compose.worktree.yml>';
      expect(run.stdout.toString()).toBe(`<compose><-p><demo>${files}<up><--detach><--wait>\n`);
    });

    it('follows the log until it is interrupted', async () => {
      const follow = spawnCli(sandbox, ['compose', '-F', config, 'box', 'logs', 'demo', '-f']);
      const first = await new Promise<Buffer>((resolve) => follow.stdout.once('data', resolve));
      expect(first.toString()).toBe('web-1  | ready\n');
      await until(() => processesNaming(mark).length > 0, 'it goes on');
      signal(follow.pid ?? 0, 'SIGINT');
      await new Promise((resolve) => follow.once('close', resolve));
      expect(follow.exitCode).toBe(130);
      await until(() => processesNaming(mark).length === 0, 'it has ended');
    });

    it.each([
      [
        ['ps', 'down'],
        1,
        /^sshpool: Command failed with code 1: Cannot connect to the Docker daemon\n$/,
      ],
      [
        ['ps', 'cut'],
        255,
        /^sshpool: docker compose -p cut ps .*: no JSON, or cut short: "\{.*\n$/,
      ],
      [['ps', 'Bad;name'], 2, /^sshpool: project: "Bad;name" is not the name of a project: .*\n$/],
      [['ps'], 2, /^sshpool: no PROJECT; sshpool compose HOST ls lists them\n$/],
      [[], 2, /^sshpool: no action, such as ls, up, .*\n$/],
      [['restrat', 'shop'], 2, /^sshpool: there is no "restrat"; did you mean restart\?\n$/],
      [['ls', 'shop'], 2, /^sshpool: "shop" is not for ls; the form is: .*\n$/],
    ])('says what is wrong with %j', async (words, code, stderr) => {
      const run = await compose(...words);
      expect(run.code).toBe(code);
      expect(run.stderr).toMatch(stderr);
      expect(run.stdout.toString()).toBe('');
    });

    it('refuses an argument that is not valid UTF-8, and runs nothing', async () => {
      const words = `"${PROGRAM}" compose -F "${config}" box restart demo "$(printf 'a\\377')" b`;
      const run = await runProgram(sandbox, ['sh', '-c', words]);
      expect(run.code).toBe(2);
      expect(run.stderr).toMatch(/^sshpool: "a\uFFFD" is not valid UTF-8; .*\n$/);
      expect(run.stdout.toString()).toBe('');
    });

    it('says that a host cannot be reached', async () => {
      const run = await runCli(sandbox, ['compose', '-F', config, '-p', '1', 'box', 'ls']);
      expect(run.code).toBe(255);
      expect(run.stderr).toMatch(/^sshpool: connect to host .*refused\n$/);
    });
  });

  describe('sshpool resources', () => {
    it('shows the resources of the host', async () => {
      const shown = await runCli(sandbox, ['resources', '-F', config, 'box']);
      expect(shown).toMatchObject({ code: 0, stderr: '' });
      const page = shown.stdout.toString();
      expect(page).toContain(`host`);
      expect(page).toMatch(/^load +\d+\.\d\d \d+\.\d\d \d+\.\d\d$/m);
      expect(page).toMatch(/^memory +\d+% of [\d.]+G, [\d.]+G available$/m);
      expect(page).toMatch(/^disk \/ +\d+% of /m);
    });

    it('prints JSON', async () => {
      const shown = await runCli(sandbox, ['resources', '--json', '-F', config, 'box']);
      expect(JSON.parse(shown.stdout.toString())).toMatchObject({ hostname: hostname() });
    });
  });

  describe('a program', () => {
    it('lists projects and their services', async () => {
      expect(await listComposeProjects(host, { pool })).toHaveLength(2);
      const { services } = await getComposeStatus(host, 'demo', { pool });
      expect(services.map(({ service }) => service)).toEqual(['web', 'worker']);
      expect(await getComposeStatus(host, 'none', { pool })).toMatchObject({ status: 'unknown' });
    });

    it('runs commands of compose', async () => {
      const restart = composeExec(host, 'demo', 'restart', ['web'], { pool });
      await expect(restart).rejects.toMatchObject({ code: 'COMMAND_FAILED', exitCode: 3 });
    });

    it('gets an error for invalid input before anything is sent', async () => {
      const before = pool.getStats();
      const status = getComposeStatus(host, 'no name', { pool });
      await expect(status).rejects.toMatchObject({ code: 'BAD_INPUT' });
      expect(pool.getStats()).toEqual(before);
    });

    it('reads the resources of a host', async () => {
      const { memory, cpu } = await getHostResources(host, { pool });
      expect(memory?.totalBytes).toBeGreaterThan(0);
      expect(cpu.cores).toBeGreaterThan(0);
    });
  });

  it('without docker gives a message that says so', async () => {
    await using bare = createSandbox();
    const other = await startSshd(bare, { options: { SetEnv: 'PATH=/nowhere' } });
    const run = await runCli(bare, ['compose', '-F', other.config(), 'box', 'ls']);
    expect(run.code).toBe(127);
    expect(run.stderr).toMatch(
      /^sshpool: Command failed with code 127: .*not found \(is docker there, .*\)\n$/,
    );
  });
});
