import { expect, test } from 'vitest';
import { PoolBench } from '../../support/pool-bench.ts';

test('a connection without sessions is closed after the idle time, not before', async () => {
  const bench = new PoolBench({ idleTimeoutMs: 60_000 });
  await bench.ran();
  await bench.pass(59_999);
  expect(bench.link.leaving).toBe(false);
  await bench.pass(1);
  expect(bench.link.leaving).toBe(true);
  expect(bench.pool.empty).toBe(true);
});

test('pings do not count as use', async () => {
  const bench = new PoolBench({ idleTimeoutMs: 60_000, healthCheckIntervalMs: 1000 });
  await bench.ran();
  await bench.pass(60_000);
  expect(bench.pool.stats().totals.healthChecksPassed).toBeGreaterThan(10);
  expect(bench.pool.empty).toBe(true);
});

test('a connection with a running session is not idle, however long it runs', async () => {
  const bench = new PoolBench({ idleTimeoutMs: 60_000 });
  await bench.running();
  await bench.pass(600_000, 5000);
  expect(bench.link.leaving).toBe(false);
});

test('the idle time begins when the last session ends', async () => {
  const bench = new PoolBench({ idleTimeoutMs: 60_000 });
  const [first, second] = [await bench.running(), await bench.running()];
  await bench.finish(first);
  await bench.pass(50_000);
  await bench.finish(second);
  await bench.pass(59_000);
  expect(bench.link.leaving).toBe(false);
  await bench.pass(1000);
  expect(bench.link.leaving).toBe(true);
});

test('the pool reports when its last connection has gone, and no timer is left', async () => {
  const bench = new PoolBench({ idleTimeoutMs: 60_000 });
  await bench.ran();
  expect(bench.emptied).toBe(0);
  await bench.pass(60_000);
  expect(bench.emptied).toBe(1);
  expect(bench.clock.pending).toBe(0);
});
