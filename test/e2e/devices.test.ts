/** Devices that close connections for requests that OpenSSH accepts: calls end as with ssh, for one more login. */
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCli, ssh, type Result } from '../support/cli.ts';
import { DEVICES, NO_STATUS, oneAtATime } from '../support/device.ts';
import { startFakeServer, type FakeServerOptions } from '../support/fake-server.ts';
import { until } from '../support/process.ts';
import { createSandbox } from '../support/sandbox.ts';

/** Some end at once; some last two seconds, in which a device may close the connection on other waiting calls. */
const COMMANDS = Array.from(
  { length: 10 },
  (_, i) => `${i % 4 === 2 ? 'sleep 2; ' : ''}echo ${i}; exit ${i}`,
);

/** What a script sees of a call. */
const seen = ({ code, stdout, stderr }: Result): unknown => [code, String(stdout), stderr];

describe.each(Object.entries(DEVICES))('a device that %s', (_, device) => {
  it('gives ten calls in sequence the same results as ssh', async () => {
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
    // At most one connection for each call, as with ssh.
    expect(server.network.accepted()).toBeLessThanOrEqual(2 * COMMANDS.length);
  });

  it('gives concurrent calls the results that ssh gets', async () => {
    await using sandbox = createSandbox();
    const server = await startFakeServer(sandbox, { ident: 'Device', ...device });
    const config = server.config();
    const both = async (): Promise<unknown[]> => {
      // Longer than the device's patience.
      const calls = ['sleep 2; echo a', 'echo b', 'sleep 2; echo c; exit 3'].map((command) =>
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

it('a device that refuses every command makes each call fail as with ssh', async () => {
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
])('a device that %s gives ten calls the same results as ssh', async (_, device, options) => {
  await using sandbox = createSandbox();
  const server = await startFakeServer(sandbox, { ident: 'Device', ...device });
  const words = [...options, '-F', server.config(), 'fake', 'echo out; exit 3'];
  const expected = seen(await ssh(sandbox, words));
  for (let i = 0; i < 10; i += 1) {
    expect(seen(await runCli(sandbox, ['ssh', ...words]))).toEqual(expected);
  }
});

it('a device that takes one login at a time serves ten calls in sequence and five at once', async () => {
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

it('what one agent learns about a device is known to the next agent', async () => {
  await using sandbox = createSandbox();
  const server = await startFakeServer(sandbox, {
    ident: 'Device',
    ...DEVICES['closes TCP after one exec'],
  });
  const config = server.config();
  const call = (): Promise<Result> => runCli(sandbox, ['exec', '-F', config, 'fake', 'true']);
  const kept = sandbox.path('home', '.local', 'state', 'sshpool', 'servers.json');
  // Closes within a second count as one, so that this takes a few seconds of calls.
  await until(async () => {
    expect(await call()).toMatchObject({ code: 0 });
    return existsSync(kept);
  }, 'it is found out');
  await runCli(sandbox, ['agent', 'stop']);
  const before = server.opens();
  for (let i = 0; i < 3; i += 1) expect(await call()).toMatchObject({ code: 0 });
  expect(server.opens() - before).toBe(3);
});
