/** Short commands beside bulk transfers. */
import { lend } from '../../../src/base/borrowed.ts';
import { describe, expect, it } from 'vitest';
import { settle } from '../../support/fake-link.ts';
import { PoolBench, refused, type Call } from '../../support/pool-bench.ts';

const BY_HAND = { connectByHand: true };

/** A pool with one connection and a command that prints a lot. */
async function streaming(
  settings: { maxConnections?: number } = {},
): Promise<{ bench: PoolBench; download: Call }> {
  const bench = new PoolBench(settings, BY_HAND);
  const download = await bench.call();
  bench.connects[0]?.succeed();
  await settle();
  await bench.run(download);
  await bench.stream(download);
  return { bench, download };
}

const connectionOf = (call: Call): unknown => call.lease?.connection;

describe('a command beside a bulk transfer', () => {
  it('starts another connection, which later commands use, too', async () => {
    const { bench, download } = await streaming();
    const first = await bench.call();
    expect([first.lease, bench.connects.length]).toEqual([undefined, 1]);
    bench.connects[0]?.succeed();
    await settle();
    const second = await bench.call();
    expect(connectionOf(first)).not.toBe(connectionOf(download));
    expect(connectionOf(second)).toBe(connectionOf(first));
    expect(second.lease).toMatchObject({ reused: true, connectMs: 0 });
    expect(bench.connectCount).toBe(2);
  });

  it('shows no prompt to get a faster connection', async () => {
    const { bench } = await streaming();
    await bench.call();
    expect(bench.connects[0]?.purpose).toBe('speed');
  });

  it('starts no connection if a login at the server failed recently, of any user', async () => {
    const { bench, download } = await streaming();
    const call = bench.begin('web', false, { hasFailed: () => true });
    await settle();
    expect(bench.connects).toHaveLength(0);
    expect(connectionOf(call)).toBe(connectionOf(download));
  });

  it('avoids the connection of an upload as well as that of a download', async () => {
    const { bench, download } = await streaming();
    await bench.pass(1000);
    download.lease?.session.write(lend(Buffer.alloc(256 * 1024)));
    await bench.call();
    expect(bench.connectCount).toBe(2);
  });

  it('uses its connection while the transfer pauses', async () => {
    const { bench, download } = await streaming();
    await bench.pass(1000);
    const call = await bench.call();
    expect(connectionOf(call)).toBe(connectionOf(download));
  });

  it('uses its connection after the end of the transfer, although another session runs on', async () => {
    const { bench, download } = await streaming();
    await bench.pass(1000);
    await bench.running();
    await bench.stream(download);
    await bench.finish(download);
    expect((await bench.call()).lease?.reused).toBe(true);
    expect(bench.connectCount).toBe(1);
  });

  it('never waits if no further connection is allowed', async () => {
    const { bench, download } = await streaming({ maxConnections: 1 });
    expect(connectionOf(await bench.call())).toBe(connectionOf(download));
  });
});

describe('if a second connection', () => {
  it('fails, the command runs beside the transfer', async () => {
    const { bench, download } = await streaming();
    const call = await bench.call();
    bench.connects[0]?.fail(refused());
    await settle();
    expect(connectionOf(call)).toBe(connectionOf(download));
  });

  it('fails, the next attempt is made after five minutes', async () => {
    const { bench, download } = await streaming();
    await bench.call();
    bench.connects[0]?.fail(refused());
    await settle();
    await bench.pass(299_000);
    await bench.stream(download);
    expect((await bench.ran()).lease).toBeDefined();
    expect(bench.connectCount).toBe(2);
    await bench.pass(1000);
    await bench.stream(download);
    await bench.call();
    expect(bench.connectCount).toBe(3);
  });

  it('is slow, the command waits two seconds for it, and later commands do not wait', async () => {
    const { bench, download } = await streaming();
    const keepStreaming = async (ms: number): Promise<void> => {
      await bench.pass(ms);
      await bench.stream(download);
    };
    const first = await bench.call();
    await keepStreaming(1000);
    await keepStreaming(999);
    expect(first.lease).toBeUndefined();
    await bench.pass(1);
    const second = await bench.call();
    expect([connectionOf(first), connectionOf(second)]).toEqual([
      connectionOf(download),
      connectionOf(download),
    ]);
    bench.connects[0]?.succeed();
    await bench.stream(download);
    expect(connectionOf(await bench.call())).not.toBe(connectionOf(download));
  });

  it('fails, the command takes a free session beside the transfer', async () => {
    const { bench, download } = await streaming({ maxConnections: 2 });
    await bench.pass(1000);
    const others = [];
    for (let i = 0; i < 7; i++) others.push(await bench.running());
    const call = await bench.call();
    expect(bench.connects[0]?.purpose).toBe('room');
    await bench.stream(download);
    if (others[0]) await bench.finish(others[0]);
    expect(call.lease).toBeUndefined();
    bench.connects[0]?.fail(refused());
    await settle();
    expect(connectionOf(call)).toBe(connectionOf(download));
    expect(bench.connectCount).toBe(2);
  });

  it('fails and the first one is draining, the pool connects for room', async () => {
    const { bench, download } = await streaming();
    const call = await bench.call();
    download.lease?.connection.drain(undefined);
    bench.connects[0]?.fail(refused());
    await settle();
    expect(call.error).toBeUndefined();
    expect(bench.connects[0]?.purpose).toBe('room');
  });

  it('fails and no connection is left, the command fails', async () => {
    const { bench } = await streaming();
    const call = await bench.call();
    bench.link.lose();
    bench.connects[0]?.fail(refused());
    await settle();
    bench.connects[0]?.fail(refused());
    await settle();
    expect(call.error?.code).toBe('CONNECT_FAILED');
    expect([bench.pool.empty, bench.clock.pending]).toEqual([true, 0]);
  });
});
