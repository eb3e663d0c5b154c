/** Servers that allow fewer sessions than the pool wants (MaxSessions of sshd_config). */
import { describe, expect, it, test } from 'vitest';
import { KnownLimits } from '../../../../src/pool/connection/limits.ts';
import { FakeClock } from '../../../support/clock.ts';
import { settle } from '../../../support/fake-link.ts';
import { PoolBench } from '../../../support/pool-bench.ts';

test('a call whose session is refused gets one on another connection', async () => {
  const bench = new PoolBench({}, { maxSessions: 1 });
  await bench.running();
  const second = await bench.running();
  expect(second.lease?.reused).toBe(false);
  expect(bench.connectCount).toBe(2);
});

test('the pool learns the limit once: later connections open no more sessions', async () => {
  const bench = new PoolBench({}, { maxSessions: 2 });
  for (let i = 0; i < 6; i++) await bench.running();
  expect(bench.connectCount).toBe(3);
  expect(bench.links.map((link) => link.sentOf('open').length)).toEqual([3, 2, 2]);
  expect(bench.pool.stats().totals.refusedSessions).toBe(1);
});

test('at the limit the session of a finished command serves the next call', async () => {
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

test('a server that opens no session gives the caller an error', async () => {
  const bench = new PoolBench({}, { maxSessions: 0 });
  const call = await bench.call();
  expect(call.error).toMatchObject({
    code: 'SESSION_REFUSED',
    message: 'web refused to open a session: open failed',
  });
  await settle();
  expect(bench.pool.empty).toBe(true);
});

test('a connection that worked and opens no session any more is replaced', async () => {
  const bench = new PoolBench({ maxConnections: 1 }, { maxSessions: 1 });
  const call = await bench.running();
  const old = bench.link;
  old.maxSessions = 0;
  await bench.finish(call);
  const next = await bench.call();
  expect(old.leaving).toBe(true);
  expect(next.lease?.reused).toBe(false);
});

describe('what the pool has learned about a server', () => {
  const MINUTE = 60_000;
  const QUICK = { idleTimeoutMs: 1000 };

  /** A pool whose server closed the spare of a connection that has ended since. */
  async function withoutSpares(): Promise<PoolBench> {
    const bench = new PoolBench(QUICK);
    await bench.ran();
    const [spare] = bench.link.sessions;
    if (spare) bench.link.closeSession(spare);
    await bench.pass(1000);
    expect(bench.pool.empty).toBe(true);
    return bench;
  }

  it('applies to connections that are made after the last one has gone', async () => {
    const bench = new PoolBench(QUICK, { maxSessions: 2 });
    const calls = [await bench.running(), await bench.running(), await bench.running()];
    for (const call of calls) await bench.finish(call);
    await bench.pass(1000);
    expect(bench.pool.empty).toBe(true);
    for (let i = 0; i < 3; i++) await bench.running();
    expect(bench.pool.stats().totals).toMatchObject({ refusedSessions: 1, totalConnections: 2 });
  });

  it('applies to connections for one call, too', async () => {
    const bench = await withoutSpares();
    await bench.running('web', true);
    expect(bench.link.sentOf('open')).toHaveLength(1);
  });

  it('prevents spares if the server closed one', async () => {
    const bench = await withoutSpares();
    await bench.running();
    expect(bench.link.sessions).toHaveLength(1);
    const second = await bench.running();
    expect(second.lease?.reused).toBe(true);
  });

  it('is forgotten after ten minutes', async () => {
    const bench = await withoutSpares();
    await bench.pass(10 * MINUTE, MINUTE);
    await bench.running();
    expect(bench.link.sessions).toHaveLength(2);
  });

  it('does not come from spares that end with their connection', async () => {
    const bench = new PoolBench();
    await bench.ran();
    bench.link.lose();
    await settle();
    await bench.running();
    expect(bench.link.sessions).toHaveLength(2);
  });
});

describe('the known limits', () => {
  const UNLIMITED = {
    maxChannels: Infinity,
    spareless: false,
    grade: 'unmet',
    earlyDeaths: 0,
    diedAt: -Infinity,
  };

  it('are empty at first', () => {
    expect(new KnownLimits(new FakeClock()).of('web')).toEqual(UNLIMITED);
  });

  it('are combined, and are only lowered', () => {
    const known = new KnownLimits(new FakeClock());
    known.learn('web', { maxChannels: 3 });
    known.learn('web', { spareless: true });
    known.learn('web', { maxChannels: 5, spareless: false });
    expect(known.of('web')).toEqual({ ...UNLIMITED, maxChannels: 3, spareless: true });
    expect(known.of('db')).toEqual(UNLIMITED);
  });

  it('expire, and are then learned again', () => {
    const clock = new FakeClock();
    const known = new KnownLimits(clock);
    known.learn('web', { maxChannels: 3 });
    clock.advance(599_999);
    expect(known.of('web').maxChannels).toBe(3);
    clock.advance(1);
    known.learn('web', { maxChannels: 5 });
    expect(known.of('web').maxChannels).toBe(5);
  });

  it('are those of the 256 keys that were updated last', () => {
    const known = new KnownLimits(new FakeClock());
    known.learn('first', { maxChannels: 3 });
    known.learn('second', { maxChannels: 3 });
    known.learn('first', { spareless: true });
    for (let i = 0; i < 255; i++) known.learn(`key ${i}`, { maxChannels: 4 });
    expect(known.of('second')).toEqual(UNLIMITED);
    expect(known.of('first').maxChannels).toBe(3);
  });
});
