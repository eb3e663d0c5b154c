import { describe, expect, test } from 'vitest';
import { settle } from '../../support/fake-link.ts';
import { PoolBench, refused, type Call } from '../../support/pool-bench.ts';

const FULL = { maxConnections: 1, queueTimeoutMs: 10_000 };

async function full(): Promise<{ bench: PoolBench; holders: Call[] }> {
  const bench = new PoolBench(FULL);
  const holders = [];
  for (let i = 0; i < 8; i++) holders.push(await bench.running());
  return { bench, holders };
}

test('a full pool gives an error after the queue timeout', async () => {
  const { bench } = await full();
  const call = await bench.call();
  await bench.pass(9999);
  expect(call.error).toBeUndefined();
  await bench.pass(1);
  expect(call.error).toMatchObject({
    code: 'POOL_EXHAUSTED',
    message: 'Connection pool exhausted for web:22 (max: 1)',
    exitCode: 255,
  });
  expect(bench.pool.stats().totals.queued).toBe(0);
});

test('waiting calls are served in the order of their arrival', async () => {
  const { bench, holders } = await full();
  const waiting = [await bench.call(), await bench.call(), await bench.call()];
  const served = (): boolean[] => waiting.map(({ lease }) => lease !== undefined);
  for (const [i, expected] of [
    [true, false, false],
    [true, true, false],
    [true, true, true],
  ].entries()) {
    const holder = holders[i];
    if (holder) await bench.finish(holder);
    expect(served()).toEqual(expected);
  }
});

test('the time in the queue is reported', async () => {
  const { bench, holders } = await full();
  const call = await bench.call();
  await bench.pass(3000);
  if (holders[0]) await bench.finish(holders[0]);
  expect(call.lease).toMatchObject({ queueMs: 3000, connectMs: 0, reused: true });
});

test('a served call has no queue timeout any more', async () => {
  const { bench, holders } = await full();
  const call = await bench.call();
  if (holders[0]) await bench.finish(holders[0]);
  await bench.pass(20_000);
  expect([call.lease !== undefined, call.error]).toEqual([true, undefined]);
});

test('the queue timeout does not end a call that waits for a connect', async () => {
  const bench = new PoolBench(FULL, { connectByHand: true });
  const call = await bench.call();
  await bench.pass(25_000);
  expect(call.error).toBeUndefined();
  bench.connects[0]?.succeed();
  await settle();
  expect(call.lease).toMatchObject({ queueMs: 0, connectMs: 25_000 });
});

test('a cancelled call leaves the queue at once', async () => {
  const { bench, holders } = await full();
  const [first, second] = [await bench.call(), await bench.call()];
  first.controller.abort();
  await settle();
  expect(first.error?.code).toBe('CANCELLED');
  if (holders[0]) await bench.finish(holders[0]);
  expect(second.lease).toBeDefined();
});

test('a cancel after the session was given has no effect', async () => {
  const bench = new PoolBench();
  const call = await bench.running();
  call.controller.abort();
  await settle();
  expect([call.error, call.outcome]).toEqual([undefined, undefined]);
});

test('a call that got no session in time gets the reason why no further connection was made', async () => {
  const bench = new PoolBench({}, { connectByHand: true });
  const first = bench.begin();
  await settle();
  bench.connects[0]?.succeed();
  await settle();
  await bench.run(first);
  for (let i = 1; i < 8; i++) await bench.running();
  const call = await bench.call();
  // The pool tries again from time to time, up to the queue timeout.
  for (let ms = 0; ms < 30_000; ms += 1000) {
    bench.connects[0]?.fail(refused('Connection refused'));
    await bench.pass(1000);
  }
  expect(call.error?.message).toBe('connect to host web port 22: Connection refused');
});

describe('a pool is crowded', () => {
  test('if a call waits for a session, and no connect is in progress', async () => {
    const bench = new PoolBench({ maxConnections: 1 }, { maxSessions: 1 });
    const first = await bench.running();
    expect(bench.pool.isCrowded('web')).toBe(false);
    await bench.call();
    expect(bench.pool.isCrowded('web')).toBe(true);
    await bench.finish(first);
    expect(bench.pool.isCrowded('web')).toBe(false);
  });

  test('but not while it connects, nor during a long prompt', async () => {
    const bench = new PoolBench({ queueTimeoutMs: 30_000 }, { connectByHand: true });
    await bench.call();
    expect(bench.pool.isCrowded('web')).toBe(false);
    bench.connects[0]?.ask();
    await bench.pass(31_000);
    expect(bench.pool.isCrowded('web')).toBe(false);
  });

  test('but not while a connection is probed', async () => {
    const bench = new PoolBench({ maxConnections: 1 });
    await bench.ran();
    bench.link.mute = true;
    bench.clock.jump(3_600_000);
    await bench.call();
    expect(bench.pool.isCrowded('web')).toBe(false);
  });

  test('but not if it never had a connection', () => {
    expect(new PoolBench().pool.isCrowded('web')).toBe(false);
  });
});

test('the time of a prompt does not count as connect time or queue time', async () => {
  const bench = new PoolBench({}, { connectByHand: true });
  const call = await bench.call();
  bench.clock.advance(70);
  const answer = bench.connects[0]?.ask();
  bench.clock.advance(5_000);
  answer?.();
  await settle();
  bench.clock.advance(30);
  bench.connects[0]?.succeed();
  await settle();
  expect(call.lease).toMatchObject({ queueMs: 0, connectMs: 100 });
  expect(bench.pool.stats().totals.connectMs).toMatchObject({ p95: 100 });
});
