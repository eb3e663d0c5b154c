/** Servers of which it is not known what their connections take, and those that take little. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { KnownLimits } from '../../../src/pool/limits.ts';
import { FakeClock } from '../../support/clock.ts';
import { settle, type FakeLinkOptions } from '../../support/fake-link.ts';
import { PoolBench } from '../../support/pool-bench.ts';

const DEVICE: FakeLinkOptions = { serverVersion: 'Device' };
const QUIET = { healthChecks: false };

const opens = ({ link }: PoolBench): number => link.sentOf('open').length;

/** A pool whose connection has served one call, and was tried. */
async function tried(): Promise<PoolBench> {
  const bench = new PoolBench(QUIET, DEVICE);
  await bench.ran();
  return bench;
}

const types = ({ link }: PoolBench): string[] =>
  link.sentOf('open').map(({ channelType }) => channelType);

/** A call whose connection ends at the trial after it. */
async function lostAtTrial(bench: PoolBench): Promise<void> {
  const call = await bench.running();
  bench.link.ignores = ({ type }) => type === 'open';
  await bench.finish(call);
  bench.link.lose();
  await bench.pass(1000);
}

/** Connections that end as soon as their first call has. */
async function early(bench: PoolBench, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    await bench.ran();
    bench.link.lose();
    await bench.pass(1000);
  }
}

/** Three calls: how many connections were made for them, and how many sessions asked for on each. */
async function threeCalls(bench: PoolBench): Promise<{ connects: number; opens: number[] }> {
  const before = bench.connectCount;
  const asked: number[] = [];
  for (let i = 1; i <= 3; i += 1) {
    await bench.ran();
    asked.push(opens(bench));
  }
  return { connects: bench.connectCount - before, opens: asked };
}

/** One for each, with nothing beside it. */
const SINGLE = { connects: 3, opens: [1, 1, 1] };

describe('a server that is not known', () => {
  it('is asked for one session on its first connection', async () => {
    const bench = new PoolBench(QUIET, DEVICE);
    await bench.running();
    expect(opens(bench)).toBe(1);
  });

  it('gets a second connection for a second call, until it was tried', async () => {
    const bench = new PoolBench(QUIET, DEVICE);
    await bench.running();
    await bench.running();
    expect(bench.connectCount).toBe(2);
    expect(bench.links.map((link) => link.sentOf('open').length)).toEqual([1, 1]);
  });

  it('is tried with two sessions, of which one is closed, when the first call has ended', async () => {
    const bench = await tried();
    // The call, and the two of the trial.
    expect(opens(bench)).toBe(3);
    expect(bench.link.sentOf('close')).toHaveLength(3);
    expect(bench.link.requests).toContain('keepalive@openssh.com');
    expect(bench.link.sessions).toHaveLength(0);
  });

  it('that took two serves calls beside each other', async () => {
    const bench = await tried();
    const calls = [await bench.running(), await bench.running(), await bench.running()];
    expect(calls.map(({ lease }) => lease?.reused)).toEqual([true, true, true]);
    expect(bench.connectCount).toBe(1);
  });

  it('lets a call wait for the end of the trial', async () => {
    const bench = new PoolBench(QUIET, DEVICE);
    const first = await bench.running();
    bench.link.mute = true;
    await bench.finish(first);
    const waiting = await bench.call();
    expect([waiting.lease, bench.connectCount]).toEqual([undefined, 1]);
    bench.link.unmute();
    await settle();
    expect(waiting.lease?.reused).toBe(true);
  });

  it('that opens no second session is asked for one at a time, over one connection', async () => {
    const bench = new PoolBench(QUIET, { ...DEVICE, maxSessions: 1 });
    for (let i = 0; i < 3; i += 1) await bench.ran();
    expect(bench.connectCount).toBe(1);
  });

  it('has no spare beside a command until it has kept one for ten seconds', async () => {
    const bench = await tried();
    const call = await bench.running();
    expect(bench.link.sessions).toHaveLength(1);
    await bench.finish(call);
    await bench.pass(11_999);
    await bench.ran();
    await bench.running();
    expect(bench.link.sessions).toHaveLength(1);
  });

  it('is first given a spare to keep when it was not used for two seconds', async () => {
    const bench = await tried();
    await bench.pass(1999);
    await bench.ran();
    await bench.pass(1999);
    expect(bench.link.sessions).toHaveLength(0);
    await bench.pass(1);
    expect(bench.link.sessions).toHaveLength(1);
  });

  it('has a spare beside a command when it has kept one for ten seconds', async () => {
    const bench = await tried();
    await bench.pass(12_000);
    await bench.running();
    expect(bench.link.sessions).toHaveLength(2);
  });
});

describe('a server that is not known, and closes no session without a command,', () => {
  it('has room for all that it takes, though the sessions of the trial stay open for it', async () => {
    const bench = new PoolBench({ ...QUIET, maxConnections: 2 }, { ...DEVICE, maxSessions: 3 });
    const first = await bench.running();
    bench.link.ignores = ({ type }) => type === 'close';
    await bench.finish(first);
    await bench.pass(2000);
    // Those of the trial, which take two places for good, and a spare.
    expect(bench.link.sessions).toHaveLength(3);
    await bench.running();
    const second = await bench.call();
    await bench.pass(60_000);
    expect(second.lease ?? second.error).toBeDefined();
  });
});

describe('a server that is not known, beside sessions,', () => {
  it('is tried before it takes a tunnel', async () => {
    const bench = new PoolBench(QUIET, DEVICE);
    const way = { host: 'inner', port: 22, timeoutMs: 5000 };
    const { signal } = new AbortController();
    const tunnel = bench.pool.tunnel(bench.request(), way, signal);
    await expect(tunnel).rejects.toMatchObject({ code: 'TUNNEL_REFUSED' });
    expect(types(bench).slice(0, 3)).toEqual(['session', 'session', 'direct-tcpip']);
    expect(bench.connectCount).toBe(1);
  });

  it('takes no tunnel beside a command of its first call', async () => {
    const bench = new PoolBench(QUIET, DEVICE);
    await bench.running();
    const way = { host: 'inner', port: 22, timeoutMs: 5000 };
    const { signal } = new AbortController();
    bench.pool.tunnel(bench.request(), way, signal).catch(() => undefined);
    await settle();
    expect(bench.links[0]?.sentOf('open')).toHaveLength(1);
    expect(bench.connectCount).toBe(2);
  });
});

describe('a server that ends a connection', () => {
  it('at the trial three times gets one for each call from then on', async () => {
    const bench = new PoolBench(QUIET, DEVICE);
    for (let i = 0; i < 3; i += 1) await lostAtTrial(bench);
    expect(await threeCalls(bench)).toEqual(SINGLE);
  });

  it('at the trial once, such as for a restart, is tried again', async () => {
    const bench = new PoolBench(QUIET, DEVICE);
    await lostAtTrial(bench);
    await bench.ran();
    expect(await bench.running()).toMatchObject({ lease: { reused: true } });
  });

  it('at the trial serves the call that waited, over another one', async () => {
    const bench = new PoolBench(QUIET, DEVICE);
    const first = await bench.running();
    bench.link.ignores = ({ type }) => type === 'open';
    await bench.finish(first);
    const waiting = await bench.call();
    bench.link.lose();
    await settle();
    expect([waiting.lease?.reused, bench.connectCount]).toEqual([false, 2]);
  });

  it('for a session that waits three times gets one for each call from then on', async () => {
    const bench = new PoolBench(QUIET, DEVICE);
    for (let i = 0; i < 3; i += 1) {
      await bench.ran();
      await bench.pass(2500);
      bench.link.lose();
      await settle();
    }
    expect(await threeCalls(bench)).toEqual(SINGLE);
  });

  it('and does not answer at the trial three times gets one for each call from then on', async () => {
    const bench = new PoolBench(QUIET, DEVICE);
    for (let i = 0; i < 3; i += 1) {
      const call = await bench.running();
      bench.link.ignores = ({ type }) => type === 'open';
      await bench.finish(call);
      await bench.pass(2000);
      expect(bench.link.leaving).toBe(true);
    }
    expect(await threeCalls(bench)).toEqual(SINGLE);
  });

  it('on three connections in one moment has done so once', async () => {
    const bench = new PoolBench(QUIET, DEVICE);
    const calls = [await bench.running(), await bench.running(), await bench.running()];
    for (const link of bench.links) link.ignores = ({ type }) => type === 'open';
    for (const call of calls) await bench.finish(call);
    for (const link of bench.links) link.lose();
    await settle();
    await bench.ran();
    expect(await bench.running()).toMatchObject({ lease: { reused: true } });
  });

  it('at a second command three times gets one for each call from then on', async () => {
    const bench = new PoolBench(QUIET, DEVICE);
    for (let i = 0; i < 3; i += 1) {
      await bench.ran();
      const second = await bench.running();
      bench.link.lose();
      await bench.pass(1000);
      expect(second.outcome).toMatchObject({ kind: 'lost' });
    }
    expect(await threeCalls(bench)).toEqual(SINGLE);
  });

  it('after long is not taken for one that always does', async () => {
    const bench = new PoolBench(QUIET, DEVICE);
    for (let i = 0; i < 4; i += 1) {
      await bench.ran();
      await bench.pass(60_000);
      bench.link.lose();
      await settle();
    }
    await bench.ran();
    expect(bench.link.leaving).toBe(false);
  });

  it('each time is remembered for as long as the pool is there', async () => {
    const bench = new PoolBench(QUIET, DEVICE);
    for (let i = 0; i < 3; i += 1) await lostAtTrial(bench);
    await bench.pass(3_600_000, 60_000);
    expect(await threeCalls(bench)).toEqual(SINGLE);
  });
});

describe('what is known of a server', () => {
  it('is told as a digest, by which a later pool knows it', () => {
    const told: string[] = [];
    const clock = new FakeClock();
    const first = new KnownLimits(clock, (digest) => told.push(digest));
    first.learn('web', { finding: 'unknown' });
    for (let i = 0; i < 4; i += 1) {
      clock.advance(1000);
      first.learn('web', { finding: 'died-early' });
    }
    expect(told).toEqual([createHash('sha256').update('web').digest('hex')]);
    const later = new KnownLimits(new FakeClock());
    later.recall(told);
    expect([later.of('web').grade, later.of('db').grade]).toEqual(['single', 'unmet']);
  });

  it('is not told of one that was known to be good', () => {
    const told: string[] = [];
    const clock = new FakeClock();
    const known = new KnownLimits(clock, (digest) => told.push(digest));
    known.learn('web', { finding: 'known' });
    for (let i = 0; i < 3; i += 1) {
      clock.advance(1000);
      known.learn('web', { finding: 'died-early' });
    }
    expect([known.of('web').grade, told]).toEqual(['single', []]);
  });
});

describe('a server that is known to be good', () => {
  it('loses nothing by two connections that ended early', async () => {
    const bench = new PoolBench(QUIET);
    await early(bench, 2);
    await bench.ran();
    await bench.running();
    expect([bench.connectCount, bench.link.sessions.length]).toEqual([3, 2]);
  });

  it('gets a connection for each call after three in a row', async () => {
    const bench = new PoolBench(QUIET);
    await early(bench, 3);
    await bench.ran();
    expect([opens(bench), bench.link.leaving]).toEqual([1, true]);
  });

  it('counts anew where a connection was used again', async () => {
    const bench = new PoolBench(QUIET);
    await early(bench, 2);
    await bench.ran();
    await bench.ran();
    bench.link.lose();
    await settle();
    await early(bench, 2);
    await bench.ran();
    expect(bench.link.leaving).toBe(false);
  });

  it('is not blamed for a command that ends it, such as reboot', async () => {
    const bench = new PoolBench(QUIET);
    for (let i = 0; i < 4; i += 1) {
      await bench.running();
      bench.link.lose();
      await bench.pass(2000);
    }
    await bench.ran();
    expect(bench.link.leaving).toBe(false);
  });

  it('is not blamed for a connection that is lost under a command', async () => {
    const bench = new PoolBench(QUIET);
    for (let i = 0; i < 5; i += 1) {
      await bench.ran();
      await bench.running();
      bench.link.lose();
      await settle();
    }
    await bench.ran();
    expect(bench.link.leaving).toBe(false);
  });
});
