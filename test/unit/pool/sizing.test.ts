import { expect, test } from 'vitest';
import { settle } from '../../support/fake-link.ts';
import { PoolBench } from '../../support/pool-bench.ts';

test('the first call connects, and waits only for the connect', async () => {
  const bench = new PoolBench({}, { connectByHand: true });
  const call = await bench.call();
  bench.clock.advance(70);
  bench.connects[0]?.succeed();
  await settle();
  expect(call.lease).toMatchObject({ reused: false, queueMs: 0, connectMs: 70 });
});

test('the second call uses the connection of the first', async () => {
  const bench = new PoolBench();
  await bench.ran();
  const call = await bench.call();
  expect(call.lease).toMatchObject({ reused: true, queueMs: 0, connectMs: 0 });
  expect(bench.connectCount).toBe(1);
});

test('a spare is open before a call needs it', async () => {
  const bench = new PoolBench();
  await bench.ran();
  const opens = bench.link.sentOf('open').length;
  const call = bench.begin();
  await Promise.resolve();
  await Promise.resolve();
  expect(call.lease).toBeDefined();
  await settle();
  expect(bench.link.sentOf('open')).toHaveLength(opens + 1);
});

test('the command of a call that got a spare is sent before the next spare is opened', async () => {
  const bench = new PoolBench();
  await bench.ran();
  const before = bench.link.sent.length;
  const call = bench.begin();
  await Promise.resolve();
  await Promise.resolve();
  await bench.run(call);
  expect(bench.link.sent.slice(before, before + 2).map(({ type }) => type)).toEqual([
    'request',
    'open',
  ]);
});

test('targets with different keys have separate connections', async () => {
  const bench = new PoolBench();
  await bench.ran('web');
  await bench.ran('db');
  expect(bench.pool.stats().connections.map(({ target }) => target)).toEqual(['web', 'db']);
});

test('eight sessions run on one connection, and the ninth starts another connection', async () => {
  const bench = new PoolBench();
  for (let i = 0; i < 8; i++) await bench.running();
  expect(bench.connectCount).toBe(1);
  const ninth = await bench.running();
  expect(bench.connectCount).toBe(2);
  expect(ninth.lease?.reused).toBe(false);
});

test('a further call goes to the least busy connection', async () => {
  const bench = new PoolBench();
  const calls = [];
  for (let i = 0; i < 9; i++) calls.push(await bench.running());
  const next = await bench.running();
  expect(next.lease?.connection).toBe(calls[8]?.lease?.connection);
});

test('the pool makes no more connections than allowed', async () => {
  const bench = new PoolBench({ maxConnections: 2 });
  for (let i = 0; i < 16; i++) await bench.running();
  const waiting = await bench.call();
  expect(waiting.lease).toBeUndefined();
  expect(bench.connectCount).toBe(2);
  expect(bench.pool.stats().totals).toMatchObject({ queued: 1, activeSessions: 16 });
});

test('the statistics show the numbers of each connection', async () => {
  const bench = new PoolBench();
  await bench.ran();
  await bench.running();
  const [row] = bench.pool.stats().connections;
  expect(row).toMatchObject({
    target: 'web',
    user: 'user',
    host: 'web.example',
    port: 22,
    link: 'openssh',
    state: 'active',
    sessions: 1,
    createdAt: '2026-01-01T00:00:00.000Z',
    hits: 1,
    bytesIn: bench.link.bytesIn,
    bytesOut: bench.link.bytesOut,
    rttMs: null,
  });
});

test('statistics of selected connections exclude the others', async () => {
  const bench = new PoolBench();
  await bench.ran('web');
  await bench.ran('db');
  const { connections, totals } = bench.pool.stats(({ name }) => name === 'db');
  expect(connections).toHaveLength(1);
  expect(totals.totalConnections).toBe(1);
});

test('uses are counted as misses and hits, and executions with their time', async () => {
  const bench = new PoolBench();
  await bench.ran();
  await bench.ran();
  bench.pool.recordExec(12);
  expect(bench.pool.stats().totals).toMatchObject({
    poolHits: 1,
    poolMisses: 1,
    reuseRate: 0.5,
    connectMs: { count: 1 },
    execMs: { count: 1, p50: 12 },
  });
});
