/** Servers that open fewer sessions than we would like (MaxSessions of sshd_config). */
import { expect, test } from 'vitest';
import { settle } from '../../support/fake-link.ts';
import { PoolBench } from '../../support/pool-bench.ts';

test('a call that is refused a session gets one on another connection', async () => {
  const bench = new PoolBench({}, { maxSessions: 1 });
  await bench.running();
  const second = await bench.running();
  expect(second.lease?.reused).toBe(false);
  expect(bench.connectCount).toBe(2);
});

test('the limit is learned once: later connections ask for no more', async () => {
  const bench = new PoolBench({}, { maxSessions: 2 });
  for (let i = 0; i < 6; i++) await bench.running();
  expect(bench.connectCount).toBe(3);
  expect(bench.links.map((link) => link.sentOf('open').length)).toEqual([3, 2, 2]);
  expect(bench.pool.stats().totals.refusedSessions).toBe(1);
});

test('at the limit a session that ends makes room for a spare', async () => {
  const bench = new PoolBench({ maxConnections: 1 }, { maxSessions: 2 });
  const first = await bench.running();
  await bench.running();
  const waiting = await bench.call();
  await bench.finish(first);
  expect(waiting.lease?.reused).toBe(true);
});

test('a server of one session at a time serves one call after the other', async () => {
  const bench = new PoolBench({ maxConnections: 1 }, { maxSessions: 1 });
  for (let i = 0; i < 3; i++) {
    const call = await bench.ran();
    expect(call.outcome).toEqual({ kind: 'exited', code: 0 });
  }
  expect(bench.connectCount).toBe(1);
});

test('a server that opens no session at all is told to the caller', async () => {
  const bench = new PoolBench({}, { maxSessions: 0 });
  const call = await bench.call();
  expect(call.error).toMatchObject({
    code: 'SESSION_REFUSED',
    message: 'web refused to open a session: open failed',
  });
  await settle();
  expect(bench.pool.empty).toBe(true);
});

test('a connection that once served and opens no session any more is replaced', async () => {
  const bench = new PoolBench({ maxConnections: 1 }, { maxSessions: 1 });
  const call = await bench.running();
  const old = bench.link;
  old.maxSessions = 0;
  await bench.finish(call);
  const next = await bench.call();
  expect(old.leaving).toBe(true);
  expect(next.lease?.reused).toBe(false);
});
