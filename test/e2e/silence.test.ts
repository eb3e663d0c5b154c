/** A connection that no longer answers, while another one to the same server works. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCli, spawnCli, type Result } from '../support/cli.ts';
import { startFakeServer, type Decision, type FakeServer } from '../support/fake-server.ts';
import { descendantsOf, signal, until } from '../support/process.ts';
import { startRelay, type Relay } from '../support/relay.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd, type Sshd } from '../support/sshd.ts';
import { poolStats } from '../support/stats.ts';

/** Far below the time of a keep-alive, and above that of a slow machine. */
const SOON_MS = 14_000;

const MAY_HAVE_RUN =
  'sshpool: the connection to box was lost: no answer; the command may have run\n';

interface Call {
  readonly config: string;
  readonly command: string;
  readonly args?: readonly string[];
  readonly link?: string;
}

const exec = (
  sandbox: Sandbox,
  { config, command, args = [], link = 'auto' }: Call,
): Promise<Result> =>
  runCli(sandbox, ['exec', ...args, '-F', config, 'box', command], {
    env: { SSH_POOL_LINK: link },
    timeoutMs: 90_000,
  });

/** The configuration of a server behind a relay. */
const through = (relay: Relay, sshd: Sshd): string =>
  sshd.config(`Host box\nPort ${relay.port}\nHostKeyAlias [127.0.0.1]:${sshd.port}`);

/** Stops the processes of the current connections; the listener continues. */
function freeze(sshd: Sshd): void {
  for (const pid of descendantsOf(sshd.pid)) signal(pid, 'SIGSTOP');
}

describe.skipIf(!haveSshd())('a server that freezes', () => {
  it.each(['ssh2', 'openssh'])(
    'ends a command that was sent, says so, and serves the next one (%s)',
    async (link) => {
      await using sandbox = createSandbox();
      const sshd = await startSshd(sandbox);
      const config = sshd.config();
      await exec(sandbox, { config, command: 'true', link });
      freeze(sshd);
      const done = await exec(sandbox, { config, command: 'true', link });
      expect(done).toMatchObject({ code: 255, stderr: MAY_HAVE_RUN });
      expect(done.ms).toBeLessThan(SOON_MS);
      expect(await exec(sandbox, { config, command: 'exit 3', link })).toMatchObject({ code: 3 });
      expect(sshd.logins()).toBe(2);
    },
  );

  it('serves the calls that were not sent yet over another connection', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const config = sshd.config();
    await exec(sandbox, { config, command: 'true' });
    freeze(sshd);
    const all = await Promise.all(
      [1, 2, 3, 4].map(() => exec(sandbox, { config, command: 'exit 3' })),
    );
    expect(all.map(({ code }) => code).toSorted((a, b) => Number(a) - Number(b))).toEqual([
      3, 3, 3, 255,
    ]);
    expect(Math.max(...all.map(({ ms }) => ms))).toBeLessThan(SOON_MS);
  });
});

describe.skipIf(!haveSshd())('a jump host that freezes', () => {
  it('is not used for the calls that follow', async () => {
    await using sandbox = createSandbox();
    const hop = await startSshd(sandbox, { name: 'hop' });
    const sshd = await startSshd(sandbox);
    const config = sshd.config(`${hop.hostBlock}\nHost box\nProxyJump hop`);
    await exec(sandbox, { config, command: 'true' });
    freeze(hop);
    const done = await exec(sandbox, { config, command: 'true' });
    expect(done).toMatchObject({ code: 255, stderr: MAY_HAVE_RUN });
    expect(done.ms).toBeLessThan(SOON_MS);
    expect(await exec(sandbox, { config, command: 'exit 3' })).toMatchObject({ code: 3 });
  });
});

describe.skipIf(!haveSshd())('a network that stalls for a while', () => {
  it('does not end a command that was sent', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    await using relay = await startRelay(sshd.port);
    const config = through(relay, sshd);
    await exec(sandbox, { config, command: 'true' });
    relay.stall();
    const done = exec(sandbox, { config, command: 'exit 3' });
    await until(() => relay.accepted() === 2, 'the server is looked for by another way');
    relay.resume();
    expect(await done).toMatchObject({ code: 3, stderr: '' });
  });
});

describe.skipIf(!haveSshd())('a network that drops one direction', () => {
  it.each([
    ['toServer', 0],
    ['toClient', 1],
  ] as const)('runs a command no second time (%s)', async (direction, times) => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    await using relay = await startRelay(sshd.port);
    const config = through(relay, sshd);
    const file = sandbox.write('ran', '');
    await exec(sandbox, { config, command: 'true' });
    relay.swallow(direction);
    const done = await exec(sandbox, { config, command: `echo ran >>${file}` });
    expect(done).toMatchObject({ code: 255, stderr: MAY_HAVE_RUN });
    expect(done.ms).toBeLessThan(SOON_MS);
    expect(await exec(sandbox, { config, command: 'true' })).toMatchObject({ code: 0 });
    expect(readFileSync(file, 'utf8')).toBe('ran\n'.repeat(times));
  });
});

const refuseExec = (type: string): Decision => (type === 'exec' ? 'refuse' : 'accept');
const refuseSignals = (type: string): Decision => (type === 'signal' ? 'refuse' : 'accept');
const stallExec = (type: string): Decision => (type === 'exec' ? 'stall' : 'accept');

const fake = (sandbox: Sandbox, server: FakeServer, ...args: readonly string[]): Promise<Result> =>
  runCli(sandbox, ['exec', '-F', server.config(), ...args, 'fake', 'sleep 60'], {
    timeoutMs: 60_000,
  });

describe('a timeout', () => {
  it.skipIf(!haveSshd()).each([
    ['that freezes', freeze],
    ['whose listener is frozen, too', (sshd: Sshd) => signal(sshd.pid, 'SIGSTOP')],
  ])('ends a command on a server %s, with 124', async (_, stop) => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const config = sshd.config();
    await exec(sandbox, { config, command: 'true' });
    freeze(sshd);
    stop(sshd);
    const done = await exec(sandbox, { config, command: 'true', args: ['--timeout', '3s'] });
    expect(done).toMatchObject({ code: 124, stderr: 'sshpool: timed out after 3 s\n' });
    // A timer of Node may fire a millisecond early.
    expect(done.ms).toBeGreaterThan(2990);
    expect(done.ms).toBeLessThan(SOON_MS);
  });

  it.skipIf(!haveSshd())('ends a command whose server froze while it ran', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const args = ['exec', '--timeout', '3s', '-F', sshd.config(), 'box', 'echo up; sleep 60'];
    const child = spawnCli(sandbox, args);
    const startedAt = performance.now();
    const ended = new Promise<unknown>((resolve) => child.once('close', resolve));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    freeze(sshd);
    expect(await ended).toBe(124);
    expect(performance.now() - startedAt).toBeLessThan(SOON_MS);
  });

  it('ends a command that the server never answers', async () => {
    await using sandbox = createSandbox();
    const server = await startFakeServer(sandbox, { onRequest: stallExec });
    const done = await fake(sandbox, server, '--timeout', '1s');
    expect(done).toMatchObject({ code: 124, stderr: 'sshpool: timed out after 1 s\n' });
    expect(done.ms).toBeLessThan(SOON_MS);
  });

  it('ends a call whose session the server never opens', async () => {
    await using sandbox = createSandbox();
    const server = await startFakeServer(sandbox, { onSession: () => 'stall' });
    const done = await fake(sandbox, server, '--timeout', '1s');
    expect(done).toMatchObject({ code: 124, stderr: 'sshpool: timed out after 1 s\n' });
  });

  it('ends a command whose server refuses signals', async () => {
    await using sandbox = createSandbox();
    const server = await startFakeServer(sandbox, { onRequest: refuseSignals });
    const done = await fake(sandbox, server, '--timeout', '1s');
    expect(done).toMatchObject({ code: 124, stderr: 'sshpool: timed out after 1 s\n' });
    expect(done.ms).toBeLessThan(7000);
  });
});

describe('a server', () => {
  it('that refuses a command and leaves the channel open does not keep a slot', async () => {
    await using sandbox = createSandbox();
    const server = await startFakeServer(sandbox, { onRequest: refuseExec });
    for (let i = 0; i < 24; i++) {
      expect(await fake(sandbox, server)).toMatchObject({
        code: 255,
        stderr: 'sshpool: fake refused the exec request\n',
      });
    }
    const asSsh = await runCli(sandbox, ['ssh', '-F', server.config(), 'fake', 'true']);
    expect(asSsh).toMatchObject({ code: 255, stderr: 'exec request failed on channel 0\r\n' });
  });

  it('that never opens a session makes the call fail with the reason', async () => {
    await using sandbox = createSandbox();
    const server = await startFakeServer(sandbox, { onSession: () => 'stall' });
    const done = await fake(sandbox, server);
    expect(done).toMatchObject({
      code: 255,
      stderr: 'sshpool: fake refused to open a session: no answer\n',
    });
  });

  it('that refuses signals does not block a caller that gets SIGTERM', async () => {
    await using sandbox = createSandbox();
    const server = await startFakeServer(sandbox, { onRequest: refuseSignals });
    const args = ['exec', '-F', server.config(), 'fake', 'echo up; sleep 60'];
    const child = spawnCli(sandbox, args);
    const ended = new Promise<unknown>((resolve) => child.once('close', resolve));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGTERM');
    expect(await ended).toBe(255);
  });

  it('that never answers a command keeps no slot for callers that were killed', async () => {
    await using sandbox = createSandbox();
    const server = await startFakeServer(sandbox, { onRequest: stallExec, ident: 'OpenSSH_9.9' });
    const env = { SSH_POOL_MAX_CONNECTIONS: '1' };
    const args = ['exec', '-F', server.config(), 'fake', 'true'];
    const children = Array.from({ length: 8 }, () => spawnCli(sandbox, args, { env }));
    const execs = (): number => server.requests.filter((name) => name.startsWith('exec')).length;
    await until(() => execs() === 8, 'all commands are sent');
    for (const child of children) child.kill('SIGKILL');
    spawnCli(sandbox, args, { env });
    await until(() => execs() === 9, 'the next one is sent', 20_000);
    expect(execs()).toBe(9);
  });
});

describe.skipIf(!haveSshd())('a network that fails while a command runs', () => {
  it('is the reason in the error of the next call', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    await using relay = await startRelay(sshd.port);
    const config = through(relay, sshd);
    // The command's own connection is given up after 75 s of silence.
    const env = { SSH_POOL_CONNECTION_TIMEOUT_MS: '5000' };
    const child = spawnCli(sandbox, ['exec', '-F', config, 'box', 'echo up; cat'], { env });
    const ended = new Promise<unknown>((resolve) => child.once('close', resolve));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    relay.stall();
    const failures = async (): Promise<number> =>
      (await poolStats(sandbox)).totals.healthCheckFailures;
    await until(async () => (await failures()) > 0, 'it is silent', 20_000);
    const done = await exec(sandbox, { config, command: 'true' });
    expect(done).toMatchObject({ code: 255 });
    expect(done.stderr).toMatch(/^sshpool: .*(no answer within|Timed out)/);
    relay.resume();
    child.stdin.end();
    expect(await ended).toBe(0);
  });
});
