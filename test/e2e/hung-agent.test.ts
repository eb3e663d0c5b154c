/** An agent that hangs: every command ends within a time limit, and says what to do. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCli, type Result } from '../support/cli.ts';
import { ACCEPTED, bytesOf, EXITED, fakeAgent, HELLO, OPENED } from '../support/fake-agent.ts';
import { alive, signal, until } from '../support/process.ts';
import { createSandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';
import { poolStats } from '../support/stats.ts';

const SILENT =
  /^sshpool: the sshpool agent does not answer; end it: sshpool agent stop --force; its log: \S+\n$/;
/** A hello is due after 5 s, an answer to a ping after 10 s; the rest is for a busy machine. */
const GREETED_MS = 20_000;

/** Calls an agent that accepts the call and sends nothing more. */
async function callSilentAgent(words: readonly string[]): Promise<Result> {
  await using sandbox = createSandbox();
  await fakeAgent(sandbox, (socket) => socket.write(bytesOf(HELLO, ACCEPTED)));
  return await runCli(sandbox, words, { env: { SSH_POOL_FALLBACK: 'off' } });
}

describe.skipIf(!haveSshd()).concurrent('an agent that is stopped', () => {
  it('is reported by every command, and ended by force; the next call has another agent', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const config = sshd.config();
    const echo = ['-F', config, 'box', 'echo', 'there'];
    expect(await runCli(sandbox, ['exec', ...echo])).toMatchObject({ code: 0 });
    const { pid } = await poolStats(sandbox);
    signal(pid, 'SIGSTOP');
    sandbox.defer(async () => signal(pid, 'SIGKILL'));

    const commands = [['stats'], ['agent', 'status'], ['close', '--all'], ['agent', 'stop']];
    const [ssh, ...asked] = await Promise.all([
      runCli(sandbox, ['ssh', ...echo]),
      ...commands.map((words) => runCli(sandbox, words)),
    ]);
    for (const done of asked) {
      expect([done.code, done.stderr]).toEqual([255, expect.stringMatching(SILENT)]);
      expect(done.ms).toBeLessThan(GREETED_MS);
    }
    expect(ssh.stdout.toString()).toBe('there\n');
    expect(ssh.stderr).toMatch(
      /^sshpool: the sshpool agent does not answer; .*; this call goes through ssh itself\n$/,
    );

    const forced = await runCli(sandbox, ['agent', 'stop', '--force']);
    expect(forced.stdout.toString()).toBe(`agent did not answer and was killed, pid ${pid}\n`);
    await until(() => !alive(pid), 'it is gone');
    expect(await runCli(sandbox, ['exec', ...echo])).toMatchObject({ code: 0, stderr: '' });
  });

  it('makes a command fail at its --timeout, and does not run it later', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    await runCli(sandbox, ['agent', 'start']);
    const { pid } = await poolStats(sandbox);
    signal(pid, 'SIGSTOP');
    sandbox.defer(async () => signal(pid, 'SIGKILL'));
    const words = ['exec', '-F', sshd.config(), '--timeout', '1s', 'box', 'echo there'];
    const done = await runCli(sandbox, words);
    expect([done.code, done.stdout.toString()]).toEqual([124, '']);
    expect(done.stderr).toBe('sshpool: timed out after 1 s\n');
  });

  it('runs no command of a caller that gave up on it, once it continues', async () => {
    await using sandbox = createSandbox();
    const config = (await startSshd(sandbox)).config();
    const ran = sandbox.write('ran', '');
    const exec = (command: string): Promise<Result> =>
      runCli(sandbox, ['exec', '-F', config, 'box', command]);
    await exec('true');
    const { pid } = await poolStats(sandbox);
    signal(pid, 'SIGSTOP');
    const calls = ['1', '2', '3', '4', '5', '6'];
    const done = await Promise.all(calls.map((call) => exec(`echo ${call} >> ${ran}`)));
    expect(done.map(({ code }) => code)).toEqual(calls.map(() => 0));
    signal(pid, 'SIGCONT');
    // The agent handles the earlier calls before this one, and they end before it is idle.
    await exec('true');
    await until(async () => (await poolStats(sandbox)).totals.activeSessions === 0, 'it is idle');
    expect(readFileSync(ran, 'utf8').split('\n').filter(Boolean).toSorted()).toEqual(calls);
  });

  it('is replaced by restart --force', async () => {
    await using sandbox = createSandbox();
    await runCli(sandbox, ['agent', 'start']);
    const { pid } = await poolStats(sandbox);
    signal(pid, 'SIGSTOP');
    const done = await runCli(sandbox, ['agent', 'restart', '--force']);
    expect(done.stdout.toString()).toMatch(
      new RegExp(`^agent did not answer and was killed, pid ${pid}\nagent started, pid \\d+\n$`),
    );
  });

  it('is not confused with another process that now has its process id', async () => {
    await using sandbox = createSandbox();
    await fakeAgent(sandbox, () => undefined);
    const start = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    // The id of this process, with another start time.
    sandbox.write('run/agent.pid', `${process.pid} ${start} 1\n`);
    const done = await runCli(sandbox, ['agent', 'stop', '--force']);
    expect(done.stderr).toMatch(
      /^sshpool: the sshpool agent does not answer and could not be ended/,
    );
    expect(done.code).toBe(255);
  });
});

describe.concurrent('an agent that hangs after its hello', () => {
  it('gets a ping, and counts as hung if it does not answer', async () => {
    const calls = [['exec', 'box', 'true'], ['stats'], ['agent', 'status']];
    for (const done of await Promise.all(calls.map(callSilentAgent))) {
      expect([done.code, done.stderr]).toEqual([255, expect.stringMatching(SILENT)]);
    }
  });
});

describe.concurrent('an agent that answers', () => {
  it('may take any time before it opens the call', async () => {
    await using sandbox = createSandbox();
    let pings = 0;
    await fakeAgent(
      sandbox,
      (socket) => socket.write(bytesOf(HELLO, ACCEPTED)),
      (message, socket) => {
        if (message?.type !== 'ping') return;
        if (++pings < 3) socket.write(bytesOf({ type: 'pong' }));
        else socket.end(bytesOf({ ...OPENED, stdin: false }, EXITED));
      },
    );
    const done = await runCli(sandbox, ['exec', 'box', 'true']);
    expect([done.code, done.stderr, pings]).toEqual([3, '', 3]);
  });
});
