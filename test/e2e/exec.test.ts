/** `sshpool exec` against a real sshd, compared with the real ssh. */
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCli, spawnCli, ssh } from '../support/cli.ts';
import { rssBytes, until } from '../support/process.ts';
import { createSandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';
import { poolStats } from '../support/stats.ts';

const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

describe.skipIf(!haveSshd())('sshpool exec', () => {
  it.each([
    ['a status', 'exit 7'],
    ['output on both streams', 'echo out; echo err >&2'],
    ['status 255', 'exit 255'],
    ['a command that does not exist', 'no-such-command-here'],
    ['standard input', 'cat; echo end'],
    ['a command that leaves its input unread', 'true'],
    ['several lines and quotes', "printf '%s\\n' \"a  b\" 'c'; false"],
    ['bytes that are no text', "printf '\\000\\377\\n'"],
    ['a background process that holds the output', '(sleep 0.2; echo late) & echo early; wait'],
  ])('does as ssh does with %s', async (_what, command) => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const args = ['-F', sshd.config(), 'box', command];
    const theirs = await ssh(sandbox, args, { stdin: 'some input\n' });
    const ours = await runCli(sandbox, ['exec', ...args], { stdin: 'some input\n' });
    expect(ours.stdout).toEqual(theirs.stdout);
    expect(ours.stderr).toBe(theirs.stderr);
    expect(ours.code).toBe(theirs.code);
  });

  it('sends exactly its arguments, joined by single spaces', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox, {
      options: { ForceCommand: 'echo "[$SSH_ORIGINAL_COMMAND]"' },
    });
    const args = ['exec', '-F', sshd.config(), 'box', '--', 'docker', 'compose', 'ps'];
    const { stdout } = await runCli(sandbox, args);
    expect(stdout.toString()).toBe('[docker compose ps]\n');
  });

  it('uses one connection for ten calls', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    for (let i = 0; i < 10; i++) {
      const done = await runCli(sandbox, ['exec', '-F', sshd.config(), 'box', 'true']);
      expect(done).toMatchObject({ code: 0, stderr: '' });
    }
    const { totals } = await poolStats(sandbox);
    expect(totals).toMatchObject({ poolMisses: 1, poolHits: 9, reuseRate: 0.9 });
    expect(sshd.logins()).toBe(1);
  });

  it('passes 100 MB through cat unchanged', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const data = randomBytes(100_000_000);
    const args = ['exec', '-F', sshd.config(), 'box', 'cat'];
    const done = await runCli(sandbox, args, { stdin: data, timeoutMs: 50_000 });
    expect(done.code).toBe(0);
    expect(sha256(done.stdout)).toBe(sha256(data));
  });

  it('buffers a bounded amount while the reader of its output pauses', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const file = sandbox.path('big');
    const data = randomBytes(100_000_000);
    writeFileSync(file, data);
    const child = spawnCli(sandbox, ['exec', '-F', sshd.config(), 'box', `cat ${file}`]);
    child.stdin.end();
    const hash = createHash('sha256');
    let [received, pauses] = [0, 0];
    let agentRss = 0;
    let pid: number | undefined;
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      hash.update(chunk);
      received += chunk.length;
      // Each pause lasts until no more data moves; another call works meanwhile.
      if (received > (pauses + 1) * 20_000_000) {
        pauses++;
        await runCli(sandbox, ['exec', '-F', sshd.config(), 'box', 'true']);
        pid ??= (await poolStats(sandbox)).pid;
        agentRss = Math.max(agentRss, rssBytes(pid));
      }
    }
    expect(hash.digest('hex')).toBe(sha256(data));
    expect(pauses).toBeGreaterThan(2);
    expect(agentRss).toBeLessThan(150_000_000);
  });

  it('ends the remote command when the local reader closes the output', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const child = spawnCli(sandbox, ['exec', '-F', sshd.config(), 'box', 'yes; exit 4']);
    child.stdin.end();
    child.stdout.once('data', () => child.stdout.destroy());
    const code = await new Promise((resolve) => child.once('exit', resolve));
    expect(code).toBe(4);
  });

  it('exits with 128+n if signal n ended the command', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const { code, stderr } = await runCli(sandbox, [
      'exec',
      '-F',
      sshd.config(),
      'box',
      'kill -9 $$',
    ]);
    expect({ code, stderr }).toEqual({ code: 137, stderr: '' });
  });

  it('ends the remote command at its --timeout', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const config = sshd.config();
    // So that the command begins long before its timeout.
    await runCli(sandbox, ['warm', '-F', config, 'box']);
    const done = await runCli(sandbox, [
      ...['exec', '--timeout', '2.5s', '-F', config, 'box'],
      'echo $$; exec sleep 600',
    ]);
    expect(done).toMatchObject({ code: 124, stderr: 'sshpool: timed out after 2.5 s\n' });
    const pid = Number(done.stdout.toString());
    expect(pid).toBeGreaterThan(0);
    await until(() => !isThere(pid), 'the remote command ends');
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'passes %s to the remote command',
    async (name) => {
      await using sandbox = createSandbox();
      const sshd = await startSshd(sandbox);
      const child = spawnCli(sandbox, [
        'exec',
        '-F',
        sshd.config(),
        'box',
        'echo $$; exec sleep 600',
      ]);
      child.stdin.end();
      const pid = Number(
        String(await new Promise((resolve) => child.stdout.once('data', resolve))),
      );
      child.kill(name);
      const code = await new Promise((resolve) => child.once('exit', resolve));
      expect(code).toBe(128 + { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 }[name]);
      expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    },
  );

  it('sends SIGHUP to the remote command of a caller that was killed', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const child = spawnCli(sandbox, [
      'exec',
      '-F',
      sshd.config(),
      'box',
      'echo $$; exec sleep 600',
    ]);
    const pid = Number(String(await new Promise((resolve) => child.stdout.once('data', resolve))));
    child.kill('SIGKILL');
    expect(await until(() => !isThere(pid), 'the remote command ends')).toBe(true);
  });

  it('prints one object with --json', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const args = ['exec', '--json', '-F', sshd.config(), 'box', 'echo out; echo err >&2; exit 3'];
    const { stdout, code } = await runCli(sandbox, args);
    expect(code).toBe(3);
    expect(JSON.parse(stdout.toString())).toMatchObject({
      ...{ host: 'box', exitCode: 3, signal: null, timedOut: false, reused: false },
      ...{ stdout: 'out\n', stderr: 'err\n', error: null },
    });
  });

  it('opens its own connection with --fresh, and closes it', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const config = sshd.config();
    await runCli(sandbox, ['exec', '-F', config, 'box', 'true']);
    await runCli(sandbox, ['exec', '--fresh', '-F', config, 'box', 'true']);
    expect(sshd.logins()).toBe(2);
    await until(() => sshd.connections() === 1, 'the fresh connection ends');
  });

  it('sends the SendEnv and SetEnv variables of each caller', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox, { options: { AcceptEnv: 'FOO BAR LC_*' } });
    const config = sshd.config('SendEnv FOO LC_X\nSetEnv BAR=set');
    for (const value of ['one', 'two']) {
      const args = ['exec', '-F', config, 'box', 'echo $FOO $LC_X $BAR'];
      const { stdout } = await runCli(sandbox, args, { env: { FOO: value, LC_X: 'x' } });
      expect(stdout.toString()).toBe(`${value} x set\n`);
    }
    expect(sshd.logins()).toBe(1);
  });

  it('reads no stdin with -n', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const args = ['exec', '-n', '-F', sshd.config(), 'box', 'cat; echo end'];
    const { stdout } = await runCli(sandbox, args, { stdin: 'not read' });
    expect(stdout.toString()).toBe('end\n');
  });

  it('reaches a host through a jump host with -J', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const args = ['exec', '-F', sshd.config(), '-J', 'box', 'box', 'echo through'];
    expect(await runCli(sandbox, args)).toMatchObject({ code: 0, stderr: '' });
    expect(sshd.logins()).toBe(2);
  });
});

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
