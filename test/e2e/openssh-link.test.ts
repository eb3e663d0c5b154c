/** The openssh link: the life of its ControlMaster, and its prompts. */
import { chmodSync, readdirSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { runCli, spawnCli, type Result } from '../support/cli.ts';
import { alive, processesNaming, titleOf, until } from '../support/process.ts';
import { startRelay } from '../support/relay.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';
import { poolStats } from '../support/stats.ts';

const env = { SSH_POOL_LINK: 'openssh' };

const run = (
  sandbox: Sandbox,
  config: string,
  command: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Result> =>
  runCli(sandbox, ['exec', '-F', config, 'box', command], {
    env: { ...env, ...more },
    apart: true,
  });

/** The ssh that is the master of a sandbox's agent. */
const masters = (sandbox: Sandbox): number[] =>
  processesNaming(sandbox.run).filter((pid) => /^(\S*\/)?ssh -MNT /.test(titleOf(pid)));

async function agentOf(sandbox: Sandbox): Promise<number> {
  const { stdout } = await runCli(sandbox, ['agent', 'status', '--json']);
  return (JSON.parse(stdout.toString()) as { pid: number }).pid;
}

/** Files in the runtime directory beside the agent's own. */
const leftovers = (sandbox: Sandbox): string[] =>
  readdirSync(sandbox.run).filter((name) => !name.startsWith('agent.'));

describe.skipIf(!haveSshd())('the openssh link', () => {
  it('runs commands in sequence over one login', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const config = sshd.config();
    expect(await run(sandbox, config, 'exit 3')).toMatchObject({ code: 3, stderr: '' });
    expect(await run(sandbox, config, 'kill -TERM $$')).toMatchObject({ code: 143 });
    expect(sshd.logins()).toBe(1);
    expect((await poolStats(sandbox)).connections).toMatchObject([
      { link: 'openssh', linkReason: 'SSH_POOL_LINK is openssh', hits: 1 },
    ]);
  });

  it('leaves nothing in the runtime directory but what the agent needs', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    await run(sandbox, sshd.config(), 'true');
    expect(leftovers(sandbox)).toEqual([]);
    expect(masters(sandbox)).toHaveLength(1);
  });

  it('ends its master when the connection is closed', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    await run(sandbox, sshd.config(), 'true');
    await runCli(sandbox, ['close', '--all']);
    await until(() => masters(sandbox).length === 0, 'the master is gone');
    expect(masters(sandbox)).toEqual([]);
  });

  it('notices that its master was killed, and reconnects', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const config = sshd.config();
    await run(sandbox, config, 'true');
    const [master] = masters(sandbox);
    // process.kill(0) would kill the whole process group of the tests.
    if (master === undefined) throw new Error('there is no master');
    process.kill(master, 'SIGKILL');
    await until(() => !alive(master), 'the master is gone');
    expect(await run(sandbox, config, 'true')).toMatchObject({ code: 0, stderr: '' });
    expect(sshd.logins()).toBe(2);
  });

  it('leaves no master behind if the agent is killed', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    await run(sandbox, sshd.config(), 'true');
    process.kill(await agentOf(sandbox), 'SIGKILL');
    await until(() => masters(sandbox).length === 0, 'the master is gone', 15_000);
    expect(masters(sandbox)).toEqual([]);
  });

  it('leaves no ssh behind if the agent is killed while a host does not answer', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    await using relay = await startRelay(sshd.port);
    relay.stall();
    const config = sshd.config(`Host box\nPort ${relay.port}`);
    const more = { SSH_POOL_CONNECTION_TIMEOUT_MS: '3000' };
    const done = run(sandbox, config, 'true', more);
    await until(() => relay.accepted() === 1, 'ssh connects');
    process.kill(await agentOf(sandbox), 'SIGKILL');
    expect(await done).toMatchObject({ code: 255 });
    await until(() => masters(sandbox).length === 0, 'ssh is gone', 15_000);
    expect(masters(sandbox)).toEqual([]);
  });

  it('carries 100 MB each way at once, unchanged', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const sent = randomBytes(100_000_000);
    const args = ['exec', '-F', sshd.config(), 'box', 'cat'];
    const { code, stdout } = await runCli(sandbox, args, { env, stdin: sent });
    expect(code).toBe(0);
    expect(stdout.equals(sent)).toBe(true);
  });

  it('opens a second connection if a server refuses more sessions', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox, { options: { MaxSessions: '2' } });
    const config = sshd.config();
    const all = await Promise.all(
      Array.from({ length: 6 }, () => run(sandbox, config, 'sleep 0.3')),
    );
    expect(all.map(({ code, stderr }) => [code, stderr])).toEqual(all.map(() => [0, '']));
  });

  it('asks for the passphrase of a key through the caller', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const [key = ''] = sshd.identities;
    execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'open sesame', '-f', key]);
    const program = sandbox.write('askpass', '#!/bin/sh\necho "$1" >&2\necho open sesame\n');
    chmodSync(program, 0o700);
    const asking = { SSH_ASKPASS: program, SSH_ASKPASS_REQUIRE: 'force' };
    const done = await run(sandbox, sshd.config(), 'echo in', asking);
    expect(done.stdout.toString()).toBe('in\n');
  });

  it('gives up on a host that does not answer at its timeout, and leaves no ssh', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    await using relay = await startRelay(sshd.port);
    relay.stall();
    const config = sshd.config(`Host box\nPort ${relay.port}\nConnectTimeout 1`);
    const done = await run(sandbox, config, 'true');
    expect(done.code).toBe(255);
    expect(done.stderr).toMatch(/no answer within 1000 ms|timed out/);
    expect(masters(sandbox)).toEqual([]);
  });

  it('cancels its login when the caller disconnects', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    await using relay = await startRelay(sshd.port);
    relay.stall();
    const config = sshd.config(`Host box\nPort ${relay.port}`);
    const caller = spawnCli(sandbox, ['exec', '-F', config, 'box', 'true'], { env });
    await until(() => masters(sandbox).length === 1, 'ssh connects');
    caller.kill('SIGINT');
    await until(() => masters(sandbox).length === 0, 'ssh is gone');
    await until(() => leftovers(sandbox).length === 0, 'its sockets are gone');
    expect(leftovers(sandbox)).toEqual([]);
  });
});
