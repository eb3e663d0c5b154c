/** The log with SSH_POOL_LOG=debug. The files in docs/agent-log are what this test has seen; `vitest -u` writes them. */
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Writer } from '../../src/base/bytes.ts';
import { runCli, spawnCli } from '../support/cli.ts';
import { startHostileServer, type Raw } from '../support/hostile-server.ts';
import { startLoopback } from '../support/loopback.ts';
import { until } from '../support/process.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';

const DEBUG = { env: { SSH_POOL_LOG: 'debug' } };
/** Messages of RFC 4254 section 5.3. */
const CLOSE = 97;

const seen = (name: string): string => `../../docs/agent-log/${name}.log`;
const logOf = (sandbox: Sandbox): string => sandbox.path('run', 'agent.log');
const read = (sandbox: Sandbox): string => readFileSync(logOf(sandbox), 'utf8');
/** Waits for a line; there is no log before the agent has started. */
const logged = (sandbox: Sandbox, text: string): Promise<unknown> =>
  until(() => existsSync(logOf(sandbox)) && read(sandbox).includes(text), text);

/** The log without what differs at each run. */
function lines(sandbox: Sandbox): string {
  const same = read(sandbox)
    .replaceAll(/^\S+Z /gm, '')
    .replaceAll(/agent \S+ started, pid \d+/g, 'agent VERSION started, pid PID')
    .replaceAll(/\S+@127\.0\.0\.1/g, 'USER@127.0.0.1')
    .replaceAll(/port \d+/g, 'port PORT')
    .replaceAll(/\b\d+ ms/g, 'N ms');
  // The server's answers for the two sessions are read together or one after the other.
  const isOpen = 'connection 1 session 2: opening -> spare (opened)\n';
  const runs = 'connection 1 session 1: starting -> running (granted)\n';
  return same.includes(isOpen) ? same.replace(isOpen, '').replace(runs, runs + isOpen) : same;
}

/** Starts `cat` on the host; `over` resolves to its exit status. */
function cat(sandbox: Sandbox, config: string): { end: () => void; over: Promise<unknown> } {
  const child = spawnCli(sandbox, ['exec', '-F', config, 'box', 'cat'], DEBUG);
  const over = once(child, 'close').then(([code]: unknown[]) => code);
  return { end: () => child.stdin.end(), over };
}

describe('the log with SSH_POOL_LOG=debug', () => {
  it.skipIf(!haveSshd())('of a command on a cold host', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const { end, over } = cat(sandbox, sshd.config());
    await logged(sandbox, 'session 2: opening -> spare');
    await logged(sandbox, 'session 1: starting -> running');
    end();
    expect(await over).toBe(0);
    await logged(sandbox, 'session 1: exited -> closed');
    await expect(lines(sandbox)).toMatchFileSnapshot(seen('cold'));
  });

  it('of a command at a server that closes the spare', async () => {
    await using sandbox = createSandbox();
    const commands: Raw[] = [];
    // Of this version the agent expects that it takes several sessions.
    const onExec = (raw: Raw): unknown => commands.push(raw);
    const server = await startHostileServer(sandbox, 'box', onExec, { ident: 'OpenSSH_9.2' });
    const { over } = cat(sandbox, sandbox.write('config', server.hostBlock));
    await logged(sandbox, 'session 2: opening -> spare');
    await logged(sandbox, 'session 1: starting -> running');
    for (const { channel, send } of commands) {
      send(
        new Writer()
          .byte(CLOSE)
          .u32(channel + 1)
          .finish(),
      );
    }
    await logged(sandbox, 'session 2: spare -> closed');
    for (const { exit } of commands) exit();
    expect(await over).toBe(0);
    await logged(sandbox, 'session 1: exited -> closed');
    await expect(lines(sandbox)).toMatchFileSnapshot(seen('spare-closed'));
  });

  it('of a command that times out', async () => {
    await using sandbox = createSandbox();
    const { port } = await startLoopback(sandbox, () => undefined);
    const config = sandbox.write('config', `Host box\nHostName 127.0.0.1\nPort ${port}\n`);
    const words = ['exec', '-F', config, '-o', 'ConnectTimeout=1', 'box', 'true'];
    expect(await runCli(sandbox, words, DEBUG)).toMatchObject({ code: 255 });
    await expect(lines(sandbox)).toMatchFileSnapshot(seen('timed-out'));
  });
});

describe('sshpool agent log-level', () => {
  it.skipIf(!haveSshd())('changes the level of the running agent, and shows it', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const exec = ['exec', '-F', sshd.config(), 'box', 'true'];
    const level = async (...word: string[]): Promise<string> =>
      (await runCli(sandbox, ['agent', 'log-level', ...word])).stdout.toString();
    await runCli(sandbox, exec);
    expect(await level()).toBe('info\n');
    expect(read(sandbox)).not.toContain('->');
    expect(await level('debug')).toBe('debug\n');
    await runCli(sandbox, exec);
    await logged(sandbox, 'call 2 to box: placed -> served (taken)');
  });

  it('says that no agent is running', async () => {
    await using sandbox = createSandbox();
    expect(await runCli(sandbox, ['agent', 'log-level', 'debug'])).toMatchObject({
      code: 1,
      stderr: 'sshpool: no agent is running\n',
    });
  });

  it('refuses a level that there is not', async () => {
    await using sandbox = createSandbox();
    expect(await runCli(sandbox, ['agent', 'log-level', 'loud'])).toMatchObject({
      code: 2,
      stderr: 'sshpool: "loud" is not a log level; write info or debug\n',
    });
  });
});

it.skipIf(!haveSshd())('the log has no command, no output and no value of a variable', async () => {
  await using sandbox = createSandbox();
  const sshd = await startSshd(sandbox, { options: { AcceptEnv: 'LC_*' } });
  const config = sshd.config('SendEnv LC_*');
  const env = { ...DEBUG.env, LC_ONE: 'hidden-value' };
  const words = ['exec', '-F', config, 'box', 'echo hidden-$LC_ONE'];
  const { stdout } = await runCli(sandbox, words, { env });
  expect(stdout.toString()).toBe('hidden-hidden-value\n');
  await logged(sandbox, 'session 1: exited -> closed');
  expect(read(sandbox)).not.toContain('hidden');
});
