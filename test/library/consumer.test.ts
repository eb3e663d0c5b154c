/** The library in a program that has installed only the package. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram, stopAgentAtTheEnd, type Result } from '../support/cli.ts';
import { libraryHost } from '../support/library-host.ts';
import { pack } from '../../scripts/package-tools.js';
import { install, ROOT } from '../support/package.ts';
import { processesNaming, titleOf, until } from '../support/process.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd, type Sshd } from '../support/sshd.ts';

/** Replaces docker on the server. */
const DOCKER = `#!/bin/sh
case "$*" in
  *" ls "*) echo '[{"Name":"shop","Status":"running(1), exited(1)","ConfigFiles":"/srv/compose.yaml"}]';;
  *" ps "*) echo '{"Name":"shop-web-1","Service":"web","State":"exited","ExitCode":1,"Publishers":null}';;
  *) echo "$*";;
esac
`;
const TSC = join(ROOT, 'node_modules/.bin/tsc');

/** Prints every imported module, also indirect ones. */
const LOADED = `data:text/javascript,${encodeURIComponent(`
import { register } from 'node:module';
register('data:text/javascript,' + encodeURIComponent(\`
import { writeSync } from 'node:fs';
export async function resolve(name, context, next) {
  const resolved = await next(name, context);
  writeSync(1, resolved.url + '\\\\n');
  return resolved;
}\`));`)}`;

describe.skipIf(!haveSshd())('a program that installed the package', () => {
  let sandbox: Sandbox;
  let box: Sshd;
  let place: string;

  beforeAll(async () => {
    sandbox = createSandbox();
    const docker = sandbox.write('remote/docker', DOCKER);
    chmodSync(docker, 0o755);
    const path = `PATH=${sandbox.path('remote')}:${sandbox.env['PATH']}`;
    box = await startSshd(sandbox, { options: { SetEnv: path } });
    stopAgentAtTheEnd(sandbox);
    place = install(sandbox, pack(sandbox.root), '--ignore-scripts');
  });
  afterAll(() => sandbox[Symbol.asyncDispose]());

  /** Runs a program beside the package; `box` is the host in it. */
  const run = (name: string, code: string): Promise<Result> => {
    const host = `const box = ${JSON.stringify(libraryHost(box))};\n`;
    const file = sandbox.write(`place/${name}`, host + code);
    return runProgram(sandbox, [process.execPath, file], { cwd: place });
  };

  it('uses the whole API', async () => {
    const ran = await run(
      'all.mjs',
      `import { connectAgent, executeSSHCommand, SSHConnectionPool } from 'sshpool';
       import { composeExec, getComposeStatus, getHostResources, listComposeProjects } from 'sshpool';
       const pool = new SSHConnectionPool({ maxConnections: 5, configFile: 'none' });
       for (let i = 0; i < 10; i++) await executeSSHCommand(box, 'echo ' + i, 5000, { pool });
       const { poolHits, poolMisses } = pool.getStats();
       console.log('hits and misses', poolHits, poolMisses);
       const twenty = Array.from({ length: 20 }, (_, i) => pool.run(box, 'sleep 0.1; echo ' + i));
       const done = await Promise.all(twenty);
       console.log('at once', done.length, pool.getStats().totalConnections <= 5);
       await executeSSHCommand(box, 'echo why >&2; exit 4', 5000, { pool }).catch((error) => {
         console.log(error.code, error.message);
       });
       const cat = await pool.exec(box, 'cat', { stdin: 'pipe' });
       cat.stdin.end('streamed');
       for await (const chunk of cat.stdout) console.log(String(chunk));
       const connection = await pool.getConnection(box);
       console.log((await connection.run('echo held')).stdout.trim());
       pool.releaseConnection(box, connection);
       for (const { name, status } of await listComposeProjects(box, { pool })) console.log(name, status);
       const { services } = await getComposeStatus(box, 'shop', { pool });
       console.log(services[0].service, services[0].exitCode);
       console.log((await composeExec(box, 'shop', 'restart', ['web'], { pool })).trim());
       console.log('cores', (await getHostResources(box, { pool })).cpu.cores > 0);
       await pool.closeConnection(box);
       console.log('closed', pool.getStats().totalConnections);
       await pool.closeAll();
       const agent = await connectAgent({ configFile: 'none' });
       console.log((await agent.run(box, 'echo by the agent')).stdout.trim());
       await agent.closeAll();`,
    );
    expect(ran.stderr).toBe('');
    expect(ran.stdout.toString().trim().split('\n')).toEqual([
      'hits and misses 9 1',
      'at once 20 true',
      'COMMAND_FAILED Command failed with code 4: why',
      'streamed',
      'held',
      'shop partial',
      'web 1',
      'compose -p shop restart web',
      'cores true',
      'closed 0',
      'by the agent',
    ]);
    expect(ran.code).toBe(0);
  });

  it('exits when it has nothing left to do, also with idle connections', async () => {
    const ran = await run(
      'idle.mjs',
      `import { SSHConnectionPool } from 'sshpool';
       const pools = ['ssh2', 'openssh'].map((link) => new SSHConnectionPool({ link, configFile: 'none' }));
       for (const pool of pools) console.log((await pool.run(box, 'echo over')).exitCode);`,
    );
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout.toString()).toBe('0\n0\n');
    expect(ran.ms).toBeLessThan(20_000);
  });

  it('gets what its own listener throws, and the pool continues', async () => {
    const ran = await run(
      'throws.mjs',
      `import { SSHConnectionPool } from 'sshpool';
       process.on('uncaughtException', ({ message }) => console.log('uncaught', message));
       const pool = new SSHConnectionPool({ configFile: 'none' });
       pool.on('connect', () => { throw new Error('mine'); });
       console.log((await pool.run(box, 'echo first')).stdout.trim());
       console.log((await pool.run(box, 'echo second')).stdout.trim());`,
    );
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout.toString()).toBe('uncaught mine\nfirst\nsecond\n');
  });

  it('may be a CommonJS module', async () => {
    const ran = await run(
      'common.cjs',
      `import('sshpool').then(({ generatePoolKey }) => console.log(generatePoolKey(box)));`,
    );
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout.toString()).toBe(`box:${box.port}\n`);
  });

  it('does not load the code of the command line', async () => {
    const args = ['--import', LOADED, '-e', 'import("sshpool")'];
    const ran = await runProgram(sandbox, [process.execPath, ...args], { cwd: place });
    const loaded = ran.stdout.toString();
    expect(loaded).toContain('node_modules/sshpool/dist/index.js');
    expect(loaded).not.toMatch(/node_modules\/(commander|chalk|ora)\//);
    expect(loaded).not.toContain('sshpool/dist/program/');
  });

  it('compiles with TypeScript under strict', async () => {
    sandbox.write(
      'place/typed.ts',
      `import { connectAgent, executeSSHCommand, getGlobalPool, SSHConnectionPool, SshpoolError } from 'sshpool';
       import type { ConnectionPool, HostConfig, PoolStats } from 'sshpool';
       const host: HostConfig = { name: 'web', host: 'web', protocol: 'ssh' };
       export async function main(): Promise<string> {
         const pool: ConnectionPool = new SSHConnectionPool({ maxConnections: 2 });
         const agent: ConnectionPool = await connectAgent();
         const stats: PoolStats = getGlobalPool().getStats();
         const later: PoolStats = await agent.getStats();
         using connection = await pool.getConnection(host);
         await using command = await connection.exec('cat', { stdin: 'pipe' });
         command.stdin.end(Buffer.from('bytes'));
         for await (const chunk of command.stdout) console.log(chunk);
         new SSHConnectionPool().on('evict', ({ reason }) => console.log(reason satisfies string));
         try {
           return await executeSSHCommand(host, 'true', 1000, { pool });
         } catch (error) {
           if (error instanceof SshpoolError && error.code === 'TIMED_OUT') return 'late';
           throw error;
         } finally {
           console.log(stats.poolHits, later.poolMisses);
         }
       }
       // @ts-expect-error: a host has a protocol
       export const wrong: HostConfig = { name: 'web', host: 'web' };`,
    );
    const options = { strict: true, noEmit: true, module: 'nodenext', target: 'es2022' };
    const more = { exactOptionalPropertyTypes: true, skipLibCheck: false };
    const config = { compilerOptions: { ...options, ...more }, files: ['typed.ts'] };
    sandbox.write('place/tsconfig.json', JSON.stringify(config));
    sandbox.write('place/package.json', JSON.stringify({ type: 'module' }));
    const compiled = await runProgram(sandbox, [TSC, '-p', place]);
    expect(compiled.stdout.toString()).toBe('');
    expect(compiled.code).toBe(0);
  });

  it('ends its commands when it is interrupted, without a message', async () => {
    const mark = `67.${process.pid}`;
    const host = JSON.stringify(libraryHost(box));
    const file = sandbox.write(
      'place/interrupted.mjs',
      `import { executeSSHCommand } from 'sshpool';
       await executeSSHCommand(${host}, 'exec sleep ${mark}');`,
    );
    const child = spawn(process.execPath, [file], { cwd: place, env: sandbox.env, stdio: 'pipe' });
    const said = text(child.stderr);
    await until(
      () => processesNaming(mark).some((pid) => titleOf(pid).startsWith('sleep')),
      'it runs',
    );
    child.kill('SIGINT');
    await once(child, 'exit');
    expect([child.signalCode, await said]).toEqual(['SIGINT', '']);
    await until(() => processesNaming(mark).length === 0, 'the command has ended');
  });

  it.each([
    ['none of its own', '', null, 'SIGTERM'],
    ['its own', "process.on('SIGTERM', () => process.exit(7));", 7, null],
  ])('ends by a signal as ever, with %s handler', async (_name, handler, code, signal) => {
    const host = `const box = ${JSON.stringify(libraryHost(box))};`;
    const file = sandbox.write(
      'place/signal.mjs',
      `import { getGlobalPool } from 'sshpool';
       ${host} ${handler}
       await getGlobalPool().run(box, 'true');
       console.log('ready');
       setInterval(() => undefined, 1000);`,
    );
    const child = spawn(process.execPath, [file], { cwd: place, env: sandbox.env, stdio: 'pipe' });
    const ended = new Promise((resolve) =>
      child.once('exit', (status, by) => resolve([status, by])),
    );
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGTERM');
    expect(await ended).toEqual([code, signal]);
  });
});
