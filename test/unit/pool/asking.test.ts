/** Connects that open a prompt, and their effect on the other waiting calls. */
import { expect, test } from 'vitest';
import { SshpoolError } from '../../../src/base/errors.ts';
import { settle } from '../../support/fake-link.ts';
import { PoolBench, SETTINGS, type Call } from '../../support/pool-bench.ts';

const PATIENCE_MS = SETTINGS.queueTimeoutMs;
const denied = SshpoolError.of('AUTH_FAILED', {
  ...{ user: 'me', host: 'web', methods: 'password', detail: '' },
});

async function together(count: number): Promise<{ bench: PoolBench; calls: Call[] }> {
  const bench = new PoolBench({}, { connectByHand: true });
  const calls = Array.from({ length: count }, () => bench.begin());
  await settle();
  return { bench, calls };
}

const states = (calls: readonly Call[]): string[] =>
  calls.map(({ lease, error }) => (lease ? 'served' : (error?.code ?? 'waits')));

test('an answered prompt serves all waiting calls', async () => {
  const { bench, calls } = await together(3);
  const answer = bench.connects[0]?.ask();
  await settle();
  expect(bench.connectCount).toBe(1);
  answer?.();
  bench.connects[0]?.succeed();
  await settle();
  expect(states(calls)).toEqual(['served', 'served', 'served']);
});

test('a connect that fails after a prompt fails only its caller; the next one gets its own prompt', async () => {
  const { bench, calls } = await together(3);
  bench.connects[0]?.ask()();
  await settle();
  bench.connects[0]?.fail(denied);
  await settle();
  expect(states(calls)).toEqual(['AUTH_FAILED', 'waits', 'waits']);
  expect(bench.connectCount).toBe(2);
  bench.connects[0]?.succeed();
  await settle();
  expect(states(calls)).toEqual(['AUTH_FAILED', 'served', 'served']);
});

test('each caller has one attempt, and then it fails', async () => {
  const { bench, calls } = await together(3);
  for (let i = 0; i < 3; i++) {
    bench.connects[0]?.ask()();
    // One after the other: each failure lets the next call connect.
    await settle();
    bench.connects[0]?.fail(denied);
    await settle();
  }
  expect(states(calls)).toEqual(['AUTH_FAILED', 'AUTH_FAILED', 'AUTH_FAILED']);
  expect([bench.connectCount, bench.pool.empty, bench.clock.pending]).toEqual([3, true, 0]);
});

test('a failed connect without a prompt fails only the callers in batch mode', async () => {
  const bench = new PoolBench({}, { connectByHand: true });
  const calls = [true, false, true].map((batchMode) => bench.begin('web', false, { batchMode }));
  await settle();
  bench.connects[0]?.fail(denied);
  await settle();
  expect(states(calls)).toEqual(['AUTH_FAILED', 'waits', 'AUTH_FAILED']);
  expect(bench.connectCount).toBe(2);
});

test("a call does not wait for ever for another caller's prompt", async () => {
  const { bench, calls } = await together(2);
  const answer = bench.connects[0]?.ask();
  await bench.pass(PATIENCE_MS - 1000);
  expect(bench.connectCount).toBe(1);
  await bench.pass(2000);
  expect(bench.connectCount).toBe(2);
  bench.connects[1]?.succeed();
  await settle();
  expect(states(calls)).toEqual(['waits', 'served']);
  answer?.();
  await settle();
  expect(states(calls)).toEqual(['served', 'served']);
});

test('a caller with an open prompt and no other waiting call starts no second connect', async () => {
  const { bench, calls } = await together(1);
  bench.connects[0]?.ask();
  await bench.pass(10 * PATIENCE_MS);
  expect([bench.connectCount, states(calls)]).toEqual([1, ['waits']]);
});

test('a caller with an open prompt is not moved to another connection', async () => {
  const { bench, calls } = await together(9);
  const answer = bench.connects[0]?.ask();
  bench.connects[1]?.succeed();
  await settle();
  expect(states(calls)).toEqual(['waits', ...Array.from({ length: 8 }, () => 'served')]);
  calls[8]?.lease?.session.close();
  await settle();
  expect(states(calls)[0]).toBe('waits');
  answer?.();
  await settle();
  expect(states(calls)[0]).toBe('served');
});

test('a connect that fails during its prompt fails its caller, although other connections exist', async () => {
  const { bench, calls } = await together(9);
  bench.connects[0]?.ask();
  bench.connects[1]?.succeed();
  await settle();
  bench.connects[0]?.fail(denied);
  await settle();
  expect(states(calls)[0]).toBe('AUTH_FAILED');
});

test('a connect with an open prompt ends with its caller, and the next call leads another connect', async () => {
  const { bench, calls } = await together(2);
  bench.connects[0]?.ask();
  calls[0]?.controller.abort();
  await settle();
  expect(bench.connects[0]?.signal.aborted).toBe(true);
  bench.connects[0]?.fail();
  await settle();
  expect([bench.connectCount, states(calls)]).toEqual([2, ['CANCELLED', 'waits']]);
});

test('prompts do not block handshakes with the same server', async () => {
  const bench = new PoolBench({}, { connectByHand: true });
  const names = Array.from({ length: 12 }, (_, i) => `user${i}`);
  for (const name of names) bench.begin(name, false, { server: 'web.example:22' });
  await bench.pass(100);
  expect(bench.connects).toHaveLength(10);
  bench.connects[0]?.ask();
  bench.connects[1]?.ask();
  await settle();
  await bench.pass(100);
  expect(bench.connects).toHaveLength(12);
});

test('a pool that closes ends a caller with an open prompt', async () => {
  const { bench, calls } = await together(1);
  bench.connects[0]?.ask();
  await settle();
  expect(bench.pool.stats().totals.queued).toBe(1);
  const closed = bench.pool.closeAll(SshpoolError.of('AGENT_STOPPING', {}));
  bench.connects[0]?.fail();
  await closed;
  expect(states(calls)).toEqual(['AGENT_STOPPING']);
});
