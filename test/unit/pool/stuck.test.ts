/** Servers that answer pings, but leave an open or a CLOSE unanswered. */
import { expect, test } from 'vitest';
import { PoolBench } from '../../support/pool-bench.ts';
import { settle } from '../../support/fake-link.ts';
import type { ChannelMessage } from '../../../src/ssh/channel/messages.ts';

const isSession = (message: ChannelMessage): boolean =>
  message.type === 'open' && message.channelType === 'session';
const isClose = ({ type }: ChannelMessage): boolean => type === 'close';

test('a call whose session is not opened moves to another connection, and after ten seconds all calls do', async () => {
  const bench = new PoolBench();
  const held = await bench.running();
  bench.link.ignores = isSession;
  await bench.running(); // this call takes the spare
  const call = await bench.call();
  await bench.pass(1000, 100);
  expect(call.lease?.connection.link).toBe(bench.links[1]);
  const states = (): string[] => bench.pool.stats().connections.map(({ state }) => state);
  await bench.pass(8900, 100);
  expect(states()).toEqual(['active', 'active']);
  await bench.pass(100);
  expect([states(), held.outcome]).toEqual([['draining', 'active'], undefined]);
});

test('a connection that has never opened a session fails all waiting calls, with the reason', async () => {
  const bench = new PoolBench({}, { connectByHand: true });
  const calls = [bench.begin(), bench.begin(), bench.begin()];
  await settle();
  const link = bench.makeLink();
  link.ignores = isSession;
  bench.connects[0]?.succeed(link);
  await settle();
  await bench.pass(10_000, 100);
  expect(calls.map(({ error }) => error?.message)).toEqual(
    calls.map(() => 'web refused to open a session: no answer'),
  );
  expect([link.leaving, bench.connectCount]).toEqual([true, 1]);
});

test('a session that the pool closed takes a slot until its connection is given up', async () => {
  const bench = new PoolBench({ maxConnections: 1 });
  await bench.ran();
  const { link } = bench;
  link.ignores = isClose;
  for (let i = 0; i < 8; i++) {
    const { lease } = await bench.call();
    lease?.session.close();
  }
  const call = await bench.call();
  expect(call.lease).toBeUndefined();
  await bench.pass(9900, 100);
  expect(bench.connectCount).toBe(1);
  await bench.pass(100);
  expect([link.leaving, call.lease?.connection.link]).toEqual([true, bench.links[1]]);
});

test('a closed session does not delay the idle timeout of its connection', async () => {
  const bench = new PoolBench({ idleTimeoutMs: 5000 });
  const { lease } = await bench.call();
  bench.link.ignores = isClose;
  lease?.session.close();
  await bench.pass(5000, 100);
  expect(bench.link.leaving).toBe(true);
});
