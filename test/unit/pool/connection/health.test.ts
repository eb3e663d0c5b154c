import { describe, expect, it } from 'vitest';
import { isDoubtful, pingDelayMs } from '../../../../src/pool/connection/health.ts';
import { settle } from '../../../support/fake-link.ts';
import { PoolBench } from '../../../support/pool-bench.ts';

const PING = 'keepalive@openssh.com';
const HOUR = 3_600_000;

describe('a recently used connection', () => {
  it('is pinged every five seconds, on the spare', async () => {
    const bench = new PoolBench();
    await bench.ran();
    await bench.pass(15_000);
    expect(bench.link.requests.filter((name) => name === PING)).toHaveLength(3);
    expect(bench.pool.stats().totals.healthChecksPassed).toBe(3);
  });

  it('is pinged at the interval after a minute without use', async () => {
    const bench = new PoolBench({ healthCheckIntervalMs: 20_000 });
    await bench.ran();
    await bench.pass(60_000);
    const before = bench.link.requests.length;
    await bench.pass(60_000);
    expect(bench.link.requests.length - before).toBe(3);
  });

  it('is not pinged if health checks are off', async () => {
    const bench = new PoolBench({ healthChecks: false });
    await bench.ran();
    await bench.pass(60_000);
    expect(bench.link.requests).not.toContain(PING);
  });
});

describe('a ping', () => {
  it('measures the round trip', async () => {
    const bench = new PoolBench();
    await bench.ran();
    bench.link.mute = true;
    bench.clock.advance(5000);
    await settle();
    bench.clock.advance(30);
    bench.link.unmute();
    await settle();
    expect(bench.pool.stats().connections[0]?.rttMs).toBe(30);
  });

  it('without an answer ends an idle connection after two seconds', async () => {
    const bench = new PoolBench();
    await bench.ran();
    bench.link.mute = true;
    await bench.pass(6999, 1);
    expect(bench.link.destroyed).toBeUndefined();
    await bench.pass(1);
    expect(bench.link.destroyed?.message).toBe('the connection to web was lost: no answer');
    expect(bench.pool.stats().totals).toMatchObject({
      healthCheckFailures: 1,
      totalConnections: 0,
    });
  });

  it('without an answer does not end a connection with a running session', async () => {
    const bench = new PoolBench();
    const call = await bench.running();
    bench.link.mute = true;
    await bench.pass(20_000);
    expect(bench.link.destroyed).toBeUndefined();
    expect(bench.pool.stats().totals.healthCheckFailures).toBeGreaterThan(0);
    expect(call.outcome).toBeUndefined();
  });

  it('keeps a connection without open sessions', async () => {
    const bench = new PoolBench();
    await bench.ran();
    const [spare] = bench.link.sessions;
    if (spare) bench.link.closeSession(spare);
    await bench.pass(20_000);
    expect(bench.link.sessions).toEqual([]);
    expect(bench.link.destroyed).toBeUndefined();
    expect(bench.pool.stats().totals.healthChecksPassed).toBe(4);
  });

  it('is answered by any message if there is no session to send it on', async () => {
    const bench = new PoolBench({ healthCheckIntervalMs: 500 }, { auto: false });
    const call = await bench.call();
    bench.clock.advance(500);
    await settle();
    bench.link.receive({
      type: 'open-confirmation',
      recipient: 0,
      sender: 0,
      window: 0,
      maxPacket: 1024,
    });
    await settle();
    expect(call.lease).toBeDefined();
    expect(bench.pool.stats().totals.healthChecksPassed).toBe(1);
  });
});

async function doubtful(): Promise<PoolBench> {
  const bench = new PoolBench();
  await bench.ran();
  bench.clock.jump(HOUR);
  return bench;
}

describe('a connection that has received nothing for long', () => {
  it('is probed before it is used', async () => {
    const bench = await doubtful();
    bench.link.mute = true;
    const call = await bench.call();
    expect(bench.link.requests.at(-1)).toBe(PING);
    expect(call.lease).toBeUndefined();
    bench.link.unmute();
    await settle();
    expect(call.lease?.reused).toBe(true);
    expect(bench.connectCount).toBe(1);
  });

  it('is replaced if it does not answer', async () => {
    const bench = await doubtful();
    const dead = bench.link;
    dead.mute = true;
    const call = await bench.call();
    await bench.pass(2000);
    expect(dead.destroyed).toBeDefined();
    expect(bench.connectCount).toBe(2);
    expect(call.lease).toMatchObject({ reused: false, queueMs: 2000 });
  });

  it('is probed once for many waiting calls', async () => {
    const bench = await doubtful();
    bench.link.mute = true;
    bench.begin();
    bench.begin();
    await settle();
    expect(bench.link.requests.filter((name) => name === PING)).toHaveLength(1);
    expect(bench.connectCount).toBe(1);
  });

  it('is also detected if the clock was set back', async () => {
    const bench = new PoolBench();
    await bench.ran();
    bench.clock.jump(-HOUR);
    await bench.call();
    expect(bench.link.requests.at(-1)).toBe(PING);
  });

  it('is probed if health checks are off and it was silent for 15 seconds', async () => {
    const bench = new PoolBench({ healthChecks: false });
    await bench.ran();
    await bench.pass(15_001, 15_001);
    await bench.call();
    expect(bench.link.requests).toContain(PING);
  });
});

describe('the rules', () => {
  const settings = { healthChecks: true, healthCheckIntervalMs: 30_000 };

  it('ping a connection in use at the shorter of five seconds and the interval', () => {
    expect(pingDelayMs(0, settings)).toBe(5000);
    expect(pingDelayMs(0, { ...settings, healthCheckIntervalMs: 1000 })).toBe(1000);
    expect(pingDelayMs(60_000, settings)).toBe(30_000);
  });

  it.each([
    [9000, 0, false],
    [9001, 0, true],
    [34_000, 60_000, false],
    [34_001, 60_000, true],
    [-2000, 0, false],
    [-2001, 0, true],
  ])('received data %i ms ago, used %i ms ago: doubtful %s', (heard, used, expected) => {
    expect(isDoubtful(heard, used, settings)).toBe(expected);
  });
});
