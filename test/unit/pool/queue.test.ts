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

test('a full pool says so after the deadline of the queue', async () => {
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

test('those who wait are served in the order in which they came', async () => {
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

test('the time in the queue is told', async () => {
  const { bench, holders } = await full();
  const call = await bench.call();
  await bench.pass(3000);
  if (holders[0]) await bench.finish(holders[0]);
  expect(call.lease).toMatchObject({ queueMs: 3000, connectMs: 0, reused: true });
});

test('one who is served has no deadline any more', async () => {
  const { bench, holders } = await full();
  const call = await bench.call();
  if (holders[0]) await bench.finish(holders[0]);
  await bench.pass(20_000);
  expect([call.lease !== undefined, call.error]).toEqual([true, undefined]);
});

test('the deadline does not end one who waits while a connect is under way', async () => {
  const bench = new PoolBench(FULL, { connectByHand: true });
  const call = await bench.call();
  await bench.pass(25_000);
  expect(call.error).toBeUndefined();
  bench.connects[0]?.succeed();
  await settle();
  expect(call.lease).toMatchObject({ queueMs: 0, connectMs: 25_000 });
});

test('one who is cancelled leaves the queue at once', async () => {
  const { bench, holders } = await full();
  const [first, second] = [await bench.call(), await bench.call()];
  first.controller.abort();
  await settle();
  expect(first.error?.code).toBe('CANCELLED');
  if (holders[0]) await bench.finish(holders[0]);
  expect(second.lease).toBeDefined();
});

test('a cancel after the session was given changes nothing', async () => {
  const bench = new PoolBench();
  const call = await bench.running();
  call.controller.abort();
  await settle();
  expect([call.error, call.outcome]).toEqual([undefined, undefined]);
});

test('who waited for room in vain is told why no further connection was made', async () => {
  const bench = new PoolBench({}, { connectByHand: true });
  const first = bench.begin();
  await settle();
  bench.connects[0]?.succeed();
  await settle();
  await bench.run(first);
  for (let i = 1; i < 8; i++) await bench.running();
  const call = await bench.call();
  // It is tried again now and then, up to the deadline.
  for (let ms = 0; ms < 30_000; ms += 1000) {
    bench.connects[0]?.fail(refused('Connection refused'));
    await bench.pass(1000);
  }
  expect(call.error?.message).toBe('connect to host web port 22: Connection refused');
});

describe('a pool is crowded', () => {
  test('where a call waits for room, and nothing is on its way', async () => {
    const bench = new PoolBench({ maxConnections: 1 }, { maxSessions: 1 });
    const first = await bench.running();
    expect(bench.pool.isCrowded('web')).toBe(false);
    await bench.call();
    expect(bench.pool.isCrowded('web')).toBe(true);
    await bench.finish(first);
    expect(bench.pool.isCrowded('web')).toBe(false);
  });

  test('but not while a connection is made, nor while its person is asked for long', async () => {
    const bench = new PoolBench({ queueTimeoutMs: 30_000 }, { connectByHand: true });
    await bench.call();
    expect(bench.pool.isCrowded('web')).toBe(false);
    bench.connects[0]?.ask();
    await bench.pass(31_000);
    expect(bench.pool.isCrowded('web')).toBe(false);
  });

  test('but not while a connection is asked for a sign of life', async () => {
    const bench = new PoolBench({ maxConnections: 1 });
    await bench.ran();
    bench.link.mute = true;
    bench.clock.jump(3_600_000);
    await bench.call();
    expect(bench.pool.isCrowded('web')).toBe(false);
  });

  test('but not where nobody was ever connected', () => {
    expect(new PoolBench().pool.isCrowded('web')).toBe(false);
  });
});

test('what a person takes for an answer is neither of the connect nor of the queue', async () => {
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
