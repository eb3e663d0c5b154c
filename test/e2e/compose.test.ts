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
import { runCli, spawnCli, type Result } from '../support/cli.ts';
import { libraryHost } from '../support/library-host.ts';
import { processesNaming, signal, until } from '../support/process.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd, type Sshd } from '../support/sshd.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/compose', import.meta.url));

/** Stands for docker on the server: says what it was asked, and prints what was recorded. */
const DOCKER = `#!/bin/sh
here=$(dirname "$0")
case "$*" in
  "compose ls --all --format json") cat "$here/compose/ls-mixed.json";;
  "compose -p shop ps --all --format json")
    echo 'WARN[0000] the attribute version is obsolete' >&2
    cat "$here/compose/ps-2.26.1.jsonl";;
  "compose -p cut ps --all --format json") head -c 200 "$here/compose/ps-2.24.5.jsonl";;
  "compose -p none ps --all --format json") ;;
  "compose -p down ps --all --format json") echo 'Cannot connect to the Docker daemon' >&2; exit 1;;
  "compose -p shop logs -f") echo 'web-1  | ready'; exec sleep "$(cat "$here/mark")";;
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
          'shop     partial  2 running, 1 exited  /srv/shop/compose.yaml, /srv/shop/compose.override.yaml',
          'old      stopped  1 created            /srv/old/docker-compose.yml',
          '',
        ].join('\n'),
      );
    });

    it('shows the services of one', async () => {
      const shown = await compose('ps', 'shop');
      expect(shown).toMatchObject({ code: 0, stderr: '' });
      expect(shown.stdout.toString()).toBe(
        [
          'SERVICE  CONTAINER    STATE    HEALTH   EXIT  PORTS',
          'db       cache-db-1   running  -        -     6379/tcp',
          'web      cache-web-1  running  healthy  -     127.0.0.1:8080->80/tcp',
          'running',
          '',
        ].join('\n'),
      );
    });

    it.each([
      [
        ['ls', '--json'],
        [{ name: 'shop' }, { name: 'old' }],
      ],
      [['ps', 'shop', '--json'], { name: 'shop', status: 'running' }],
    ])('prints JSON with %j', async (words, expected) => {
      const { stdout } = await compose(...words);
      expect(JSON.parse(stdout.toString())).toMatchObject(expected);
    });

    it('runs what docker compose has, with its output and its status', async () => {
      const run = await compose('restart', 'shop', '-t', '5', "it's");
      expect(run).toMatchObject({ code: 3, stderr: '' });
      expect(run.stdout.toString()).toBe("<compose><-p><shop><restart><-t><5><it's>\n");
    });

    it('finds the files of a project that is to be started', async () => {
      const run = await compose('up', 'shop', '--wait');
      const files = '<-f></srv/shop/compose.yaml><-f></srv/shop/compose.override.yaml>';
      expect(run.stdout.toString()).toBe(`<compose><-p><shop>${files}<up><--detach><--wait>\n`);
    });

    it('follows the log until it is interrupted', async () => {
      const follow = spawnCli(sandbox, ['compose', '-F', config, 'box', 'logs', 'shop', '-f']);
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
      [['ps', 'Bad;name'], 2, /^sshpool: project: "Bad;name" is no name of a project: .*\n$/],
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

    it('says that a host cannot be reached', async () => {
      const run = await runCli(sandbox, ['compose', '-F', config, '-p', '1', 'box', 'ls']);
      expect(run.code).toBe(255);
      expect(run.stderr).toMatch(/^sshpool: connect to host .*refused\n$/);
    });
  });

  describe('sshpool resources', () => {
    it('shows them', async () => {
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
      const { services } = await getComposeStatus(host, 'shop', { pool });
      expect(services.map(({ service }) => service)).toEqual(['db', 'web']);
      expect(await getComposeStatus(host, 'none', { pool })).toMatchObject({ status: 'unknown' });
    });

    it('runs commands of compose', async () => {
      const restart = composeExec(host, 'shop', 'restart', ['web'], { pool });
      await expect(restart).rejects.toMatchObject({ code: 'COMMAND_FAILED', exitCode: 3 });
    });

    it('is told what is wrong before anything is sent', async () => {
      const before = pool.getStats();
      const status = getComposeStatus(host, 'no name', { pool });
      await expect(status).rejects.toMatchObject({ code: 'BAD_INPUT' });
      expect(pool.getStats()).toEqual(before);
    });

    it('knows how a host is', async () => {
      const { memory, cpu } = await getHostResources(host, { pool });
      expect(memory?.totalBytes).toBeGreaterThan(0);
      expect(cpu.cores).toBeGreaterThan(0);
    });
  });

  it('without docker says that there is none', async () => {
    await using bare = createSandbox();
    const other = await startSshd(bare, { options: { SetEnv: 'PATH=/nowhere' } });
    const run = await runCli(bare, ['compose', '-F', other.config(), 'box', 'ls']);
    expect(run.code).toBe(127);
    expect(run.stderr).toMatch(/^sshpool: Command failed with code 127: .*docker.*not found\n$/);
  });
});
