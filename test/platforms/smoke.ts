/** What every platform has to do: call by call, over one connection. */
import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { libraryHost } from '../support/library-host.ts';
import { haveTerminals, Terminal } from '../support/terminal.ts';
import type { Env, Stage } from './row.ts';

export interface Smoke {
  readonly program: string;
  readonly env: Env;
}

/** Commands with input and a status, served by the launcher; also as ssh by name. */
export async function callsWork({ sshd, run }: Stage, { program, env }: Smoke): Promise<void> {
  const call = [program, 'exec', '-F', sshd.config(), 'box', 'cat; echo error >&2; exit 4'];
  for (const input of ['first', 'second']) {
    const done = await run(call, env, input);
    assert.deepEqual([done.code, done.stdout.toString(), done.stderr], [4, input, 'error\n']);
  }
  const asSsh = await run([`${program}-ssh`, '-F', sshd.config(), 'box', 'echo third'], env);
  assert.deepEqual([asSsh.code, asSsh.stdout.toString(), asSsh.stderr], [0, 'third\n', '']);
  assert.equal(sshd.logins(), 1);
}

export async function isServedNatively({ run }: Stage, { program, env }: Smoke): Promise<void> {
  const status = await run([program, 'agent', 'status'], env);
  assert.match(status.stdout.toString(), /^launcher native/m);
}

export async function terminalWorks(
  { sandbox, sshd }: Stage,
  { program, env }: Smoke,
): Promise<void> {
  if (!haveTerminals()) return;
  const remote = 'read line; tty; echo "<$line>"';
  const call = [program, 'ssh', '-tt', '-F', sshd.config(), 'box', remote];
  const terminal = Terminal.run(sandbox, call, env);
  assert.equal(await terminal.dialogue(['', 'typed\r']), 0);
  assert.match(terminal.screen, /\/dev\/pts\/\d+\r\n<typed>\r\n/);
}

const PROGRAM = `
import { SSHConnectionPool } from 'sshpool';
const [link, host] = process.argv.slice(2);
const pool = new SSHConnectionPool({
  maxConnections: 2, idleTimeoutMs: 10_000, connectionTimeoutMs: 60_000,
  enableHealthChecks: true, healthCheckIntervalMs: 10_000, link, configFile: 'none',
});
const { stdout, exitCode } = await pool.run(JSON.parse(host), 'cat; exit 5', { input: 'over ' + link });
console.log(stdout.toString(), exitCode);
await pool.closeAll();
`;

/** A program that imports the package, over both links. `node` is the program that runs it. */
export async function libraryWorks(
  { sandbox, sshd, run }: Stage,
  { env, node, modules }: { readonly env: Env; readonly node: string; readonly modules: string },
): Promise<void> {
  const place = sandbox.path('program');
  const file = sandbox.write('program/main.mjs', PROGRAM);
  writeFileSync(join(place, 'package.json'), '{}');
  symlinkSync(modules, join(place, 'node_modules'));
  for (const link of ['ssh2', 'openssh']) {
    const done = await run([node, file, link, JSON.stringify(libraryHost(sshd))], env);
    const printed = [done.code, done.stdout.toString(), done.stderr];
    assert.deepEqual(printed, [0, `over ${link} 5\n`, '']);
  }
}
