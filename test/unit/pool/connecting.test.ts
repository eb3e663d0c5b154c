import { expect, test } from 'vitest';
import type { PoolRequest } from '../../../src/pool/request.ts';
import { settle } from '../../support/fake-link.ts';
import { PoolBench, refused, type Call } from '../../support/pool-bench.ts';

async function together(
  count: number,
  more: Partial<PoolRequest> = {},
): Promise<{ bench: PoolBench; calls: Call[] }> {
  const bench = new PoolBench({}, { connectByHand: true });
  const calls = Array.from({ length: count }, () => bench.begin('web', false, more));
  await settle();
  return { bench, calls };
}

test('simultaneous first calls share one connect', async () => {
  const { bench } = await together(8);
  expect(bench.connects).toHaveLength(1);
});

test('more first calls than fit on one connection start a second connect', async () => {
  const { bench } = await together(9);
  expect(bench.connects).toHaveLength(2);
});

test('a failed login at the server, of any user, does not delay simultaneous first calls', async () => {
  const { bench } = await together(9, { hasFailed: () => true });
  expect(bench.connects).toHaveLength(2);
});

test('all calls that wait for a connect share its failure', async () => {
  const { bench, calls } = await together(3);
  bench.connects[0]?.fail(refused());
  await settle();
  expect(calls.map(({ error }) => error?.message)).toEqual(
    Array.from({ length: 3 }, () => 'connect to host web port 22: Connection refused'),
  );
  expect([bench.pool.empty, bench.clock.pending]).toEqual([true, 0]);
});

test('if one of two connects fails, the waiting calls wait for the other one', async () => {
  const { bench, calls } = await together(9);
  bench.connects[1]?.fail();
  await settle();
  expect(calls.every(({ error }) => error === undefined)).toBe(true);
  bench.connects[0]?.succeed();
  await settle();
  expect(calls[0]?.lease).toBeDefined();
});

test('a connection logged in as another user serves only the call that made it', async () => {
  const bench = new PoolBench({}, { connectByHand: true });
  const first = bench.begin('web', false, { isShareable: () => false });
  const second = bench.begin('web');
  await settle();
  bench.connects[0]?.succeed();
  await settle();
  expect([first.lease !== undefined, second.lease]).toEqual([true, undefined]);
  bench.connects[0]?.succeed();
  await settle();
  expect(second.lease?.connection).not.toBe(first.lease?.connection);
});

test('an error other than SshpoolError becomes an internal error', async () => {
  const bench = new PoolBench();
  const connect = (): Promise<never> => Promise.reject(new TypeError(bench.request().key));
  const lease = bench.pool.acquire({ ...bench.request(), connect }, new AbortController().signal);
  await expect(lease).rejects.toMatchObject({ code: 'INTERNAL' });
});

test('a connect ends with its leading call, and the next call in line leads another one', async () => {
  const { bench, calls } = await together(2);
  const [first] = bench.connects;
  calls[0]?.controller.abort();
  await settle();
  expect(first?.signal.aborted).toBe(true);
  expect(bench.connectCount).toBe(1);
  first?.fail();
  await settle();
  expect(calls.map(({ error }) => error?.code)).toEqual(['CANCELLED', undefined]);
  expect(bench.connectCount).toBe(2);
  bench.connects[0]?.succeed();
  await settle();
  expect(calls[1]?.lease).toBeDefined();
});

test('a connect whose leading call was cancelled may still serve the others', async () => {
  const { bench, calls } = await together(2);
  calls[0]?.controller.abort();
  bench.connects[0]?.succeed();
  await settle();
  expect(calls[1]?.lease).toBeDefined();
  expect(bench.connectCount).toBe(1);
});

test('a connect ends with its only waiting call, and nothing is left', async () => {
  const { bench, calls } = await together(1);
  calls[0]?.controller.abort();
  expect(bench.connects[0]?.signal.aborted).toBe(true);
  bench.connects[0]?.fail();
  await settle();
  expect([bench.pool.empty, bench.clock.pending]).toEqual([true, 0]);
});

test('a call that does not lead can be cancelled without ending the connect', async () => {
  const { bench, calls } = await together(2);
  calls[1]?.controller.abort();
  await settle();
  expect(bench.connects[0]?.signal.aborted).toBe(false);
});

test('a session that is lost with its connection gets an error, and the next call connects again', async () => {
  const bench = new PoolBench();
  const call = await bench.running();
  bench.link.lose('cable cut');
  await settle();
  expect(call.outcome).toMatchObject({ kind: 'lost', error: { code: 'CONNECTION_LOST' } });
  expect(bench.pool.empty).toBe(true);
  await bench.ran();
  expect(bench.connectCount).toBe(2);
});

test('a link that was lost before the pool listened to it fails no call: the pool connects again', async () => {
  const bench = new PoolBench({ maxConnections: 1 }, { connectByHand: true });
  const call = await bench.call();
  const dead = bench.makeLink();
  dead.lose();
  bench.connects[0]?.succeed(dead);
  await settle();
  bench.connects[0]?.succeed();
  await settle();
  expect(call.lease).toBeDefined();
});
