/** Devices that end a connection for what OpenSSH takes: every call ends as with ssh, at the price of a login. */
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCli, ssh, type Result } from '../support/cli.ts';
import { DEVICES, NO_STATUS, oneAtATime } from '../support/device.ts';
import { startFakeServer, type FakeServerOptions } from '../support/fake-server.ts';
import { until } from '../support/process.ts';
import { createSandbox } from '../support/sandbox.ts';

/** Some are over at once, and under some a device may lose patience with what waits beside them. */
const COMMANDS = Array.from(
  { length: 10 },
  (_, i) => `${i % 4 === 2 ? 'sleep 1; ' : ''}echo ${i}; exit ${i}`,
);

/** What a script goes by. */
const seen = ({ code, stdout, stderr }: Result): unknown => [code, String(stdout), stderr];

describe.each(Object.entries(DEVICES))('a device that %s', (_, device) => {
  it('answers ten calls, one after the other, as it answers ssh', async () => {
    await using sandbox = createSandbox();
    const server = await startFakeServer(sandbox, { ident: 'Device', ...device });
    const config = server.config();
    const words = (command: string): string[] => ['-F', config, 'fake', command];
    const [ours, theirs]: [unknown[], unknown[]] = [[], []];
    await Promise.all([
      (async () => {
        for (const command of COMMANDS) {
          ours.push(seen(await runCli(sandbox, ['exec', ...words(command)])));
        }
      })(),
      (async () => {
        for (const command of COMMANDS) theirs.push(seen(await ssh(sandbox, words(command))));
      })(),
    ]);
    expect(ours).toEqual(theirs);
    // At the most one for each call, as with ssh.
    expect(server.network.accepted()).toBeLessThanOrEqual(2 * COMMANDS.length);
  });

  it('answers calls that come together as it answers ssh', async () => {
    await using sandbox = createSandbox();
    const server = await startFakeServer(sandbox, { ident: 'Device', ...device });
    const config = server.config();
    const both = async (): Promise<unknown[]> => {
      const calls = ['sleep 1; echo a', 'echo b', 'sleep 1; echo c; exit 3'].map((command) =>
        runCli(sandbox, ['exec', '-F', config, 'fake', command]),
      );
      return (await Promise.all(calls)).map(seen);
    };
    const right = [
      [0, 'a\n', ''],
      [0, 'b\n', ''],
      [3, 'c\n', ''],
    ];
    expect([await both(), await both()]).toEqual([right, right]);
  });
});

it('a device that refuses every command says so at each call, as to ssh', async () => {
  await using sandbox = createSandbox();
  const server = await startFakeServer(sandbox, {
    ident: 'Device',
    onRequest: (type) => (type === 'exec' ? 'refuse' : 'accept'),
  });
  const words = ['-F', server.config(), 'fake', 'true'];
  for (let i = 0; i < 10; i += 1) {
    expect(seen(await runCli(sandbox, ['ssh', ...words]))).toEqual(seen(await ssh(sandbox, words)));
  }
});

it.each<[string, Partial<FakeServerOptions>, readonly string[]]>([
  ['gives no status', NO_STATUS, []],
  ['gives no terminal', {}, ['-tt']],
])('a device that %s answers ten calls as it answers ssh', async (_, device, options) => {
  await using sandbox = createSandbox();
  const server = await startFakeServer(sandbox, { ident: 'Device', ...device });
  const words = [...options, '-F', server.config(), 'fake', 'echo out; exit 3'];
  const expected = seen(await ssh(sandbox, words));
  for (let i = 0; i < 10; i += 1) {
    expect(seen(await runCli(sandbox, ['ssh', ...words]))).toEqual(expected);
  }
});

it('a device that takes one login at a time answers ten calls, also of many at once', async () => {
  await using sandbox = createSandbox();
  const server = await startFakeServer(sandbox, { ident: 'Device', ...oneAtATime() });
  const words = ['-F', server.config(), 'fake', 'echo out; exit 3'];
  const expected = seen(await ssh(sandbox, words));
  for (let i = 0; i < 10; i += 1) {
    expect(seen(await runCli(sandbox, ['exec', ...words]))).toEqual(expected);
  }
  const together = Array.from({ length: 5 }, () => runCli(sandbox, ['exec', ...words]));
  expect((await Promise.all(together)).map(seen)).toEqual(Array(5).fill(expected));
});

it('what one agent has found out is known to the next', async () => {
  await using sandbox = createSandbox();
  const server = await startFakeServer(sandbox, {
    ident: 'Device',
    ...DEVICES['closes TCP after one exec'],
  });
  const config = server.config();
  const call = (): Promise<Result> => runCli(sandbox, ['exec', '-F', config, 'fake', 'true']);
  const kept = sandbox.path('home', '.local', 'state', 'sshpool', 'servers.json');
  // What ends within a second has ended once: it takes a few seconds of calls.
  await until(async () => {
    expect(await call()).toMatchObject({ code: 0 });
    return existsSync(kept);
  }, 'it is found out');
  await runCli(sandbox, ['agent', 'stop']);
  const before = server.opens();
  for (let i = 0; i < 3; i += 1) expect(await call()).toMatchObject({ code: 0 });
  expect(server.opens() - before).toBe(3);
});
