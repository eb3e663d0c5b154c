/** Servers whose limits are unknown, and servers with low limits. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { KnownLimits } from '../../../../src/pool/connection/limits.ts';
import { FakeClock } from '../../../support/clock.ts';
import { settle, type FakeLinkOptions } from '../../../support/fake-link.ts';
import { PoolBench } from '../../../support/pool-bench.ts';

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

/** A call whose connection is lost during the trial after it. */
async function lostAtTrial(bench: PoolBench): Promise<void> {
  const call = await bench.running();
  bench.link.ignores = ({ type }) => type === 'open';
  await bench.finish(call);
  bench.link.lose();
  await bench.pass(1000);
}

/** Connections that are lost right after their first call. */
async function early(bench: PoolBench, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    await bench.ran();
    bench.link.lose();
    await bench.pass(1000);
  }
}

/** Makes three calls; returns how many connections were made, and the number of sessions opened on each. */
async function threeCalls(bench: PoolBench): Promise<{ connects: number; opens: number[] }> {
  const before = bench.connectCount;
  const asked: number[] = [];
  for (let i = 1; i <= 3; i += 1) {
    await bench.ran();
    asked.push(opens(bench));
  }
  return { connects: bench.connectCount - before, opens: asked };
}

/** One connection and one session for each call. */
const SINGLE = { connects: 3, opens: [1, 1, 1] };

describe('an unknown server', () => {
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

  it('is tried with two sessions, one of which is closed, after the first call has ended', async () => {
    const bench = await tried();
    // One for the call, and two for the trial.
    expect(opens(bench)).toBe(3);
    expect(bench.link.sentOf('close')).toHaveLength(3);
    expect(bench.link.requests).toContain('keepalive@openssh.com');
    expect(bench.link.sessions).toHaveLength(0);
  });

  it('that opened two serves simultaneous calls on one connection', async () => {
    const bench = await tried();
    const calls = [await bench.running(), await bench.running(), await bench.running()];
    expect(calls.map(({ lease }) => lease?.reused)).toEqual([true, true, true]);
    expect(bench.connectCount).toBe(1);
  });

  it('makes a call wait for the end of the trial', async () => {
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

  it('that opens no second session serves one call at a time, over one connection', async () => {
    const bench = new PoolBench(QUIET, { ...DEVICE, maxSessions: 1 });
    for (let i = 0; i < 3; i += 1) await bench.ran();
    expect(bench.connectCount).toBe(1);
  });

  it('that opens one session in all, for the trial, serves the call by another login', async () => {
    // The last connection that the pool may make is tried before its first call.
    const bench = new PoolBench({ ...QUIET, maxConnections: 1 }, { ...DEVICE, maxOpened: 1 });
    const call = await bench.ran();
    expect(call.outcome).toEqual({ kind: 'exited', code: 0 });
    expect(bench.connectCount).toBe(2);
  });

  it('that ends the connection with the trial serves the call by another login', async () => {
    const device = { ...DEVICE, endsWithLast: true };
    const bench = new PoolBench({ ...QUIET, maxConnections: 1 }, device);
    const call = await bench.call();
    await settle();
    await settle();
    expect([call.error, call.lease?.reused, bench.connectCount]).toEqual([undefined, false, 2]);
  });

  it('gets no spare beside a command until it has kept one for ten seconds', async () => {
    const bench = await tried();
    const call = await bench.running();
    expect(bench.link.sessions).toHaveLength(1);
    await bench.finish(call);
    await bench.pass(11_999);
    await bench.ran();
    await bench.running();
    expect(bench.link.sessions).toHaveLength(1);
  });

  it('gets its first spare after two seconds without use', async () => {
    const bench = await tried();
    await bench.pass(1999);
    await bench.ran();
    await bench.pass(1999);
    expect(bench.link.sessions).toHaveLength(0);
    await bench.pass(1);
    expect(bench.link.sessions).toHaveLength(1);
  });

  it('gets a spare beside a command after it has kept one for ten seconds', async () => {
    const bench = await tried();
    await bench.pass(12_000);
    await bench.running();
    expect(bench.link.sessions).toHaveLength(2);
  });
});

describe('an unknown server that closes no session without a command', () => {
  it('keeps room for calls, although the sessions of the trial stay open', async () => {
    const bench = new PoolBench({ ...QUIET, maxConnections: 2 }, { ...DEVICE, maxSessions: 3 });
    const first = await bench.running();
    bench.link.ignores = ({ type }) => type === 'close';
    await bench.finish(first);
    await bench.pass(2000);
    // The trial's sessions, which take two places permanently, and a spare.
    expect(bench.link.sessions).toHaveLength(3);
    await bench.running();
    const second = await bench.call();
    await bench.pass(60_000);
    expect(second.lease ?? second.error).toBeDefined();
  });
});

describe('a tunnel over an unknown server', () => {
  it('waits until the server was tried', async () => {
    const bench = new PoolBench(QUIET, DEVICE);
    const way = { host: 'inner', port: 22, timeoutMs: 5000 };
    const { signal } = new AbortController();
    const tunnel = bench.pool.tunnel(bench.request(), way, signal);
    await expect(tunnel).rejects.toMatchObject({ code: 'TUNNEL_REFUSED' });
    expect(types(bench).slice(0, 3)).toEqual(['session', 'session', 'direct-tcpip']);
    expect(bench.connectCount).toBe(1);
  });

  it('is not opened beside the command of its first call', async () => {
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
  it('at the trial three times gets a new connection for each later call', async () => {
    const bench = new PoolBench(QUIET, DEVICE);
    for (let i = 0; i < 3; i += 1) await lostAtTrial(bench);
    expect(await threeCalls(bench)).toEqual(SINGLE);
  });

  it('at the trial once, as for a restart, is tried again', async () => {
    const bench = new PoolBench(QUIET, DEVICE);
    await lostAtTrial(bench);
    await bench.ran();
    expect(await bench.running()).toMatchObject({ lease: { reused: true } });
  });

  it('at the trial serves the waiting call over another one', async () => {
    const bench = new PoolBench(QUIET, DEVICE);
    const first = await bench.running();
    bench.link.ignores = ({ type }) => type === 'open';
    await bench.finish(first);
    const waiting = await bench.call();
    bench.link.lose();
    await settle();
    expect([waiting.lease?.reused, bench.connectCount]).toEqual([false, 2]);
  });

  it('during an idle session three times gets a new connection for each later call', async () => {
    const bench = new PoolBench(QUIET, DEVICE);
    for (let i = 0; i < 3; i += 1) {
      await bench.ran();
      await bench.pass(2500);
      bench.link.lose();
      await settle();
    }
    expect(await threeCalls(bench)).toEqual(SINGLE);
  });

  it('or does not answer at the trial three times gets a new connection for each later call', async () => {
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

  it('and two others at the same moment has done so once', async () => {
    const bench = new PoolBench(QUIET, DEVICE);
    const calls = [await bench.running(), await bench.running(), await bench.running()];
    for (const link of bench.links) link.ignores = ({ type }) => type === 'open';
    for (const call of calls) await bench.finish(call);
    for (const link of bench.links) link.lose();
    await settle();
    await bench.ran();
    expect(await bench.running()).toMatchObject({ lease: { reused: true } });
  });

  it('at a second command three times gets a new connection for each later call', async () => {
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

  it('after a long time does not get this grade', async () => {
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

  it('each time keeps this grade for as long as the pool exists', async () => {
    const bench = new PoolBench(QUIET, DEVICE);
    for (let i = 0; i < 3; i += 1) await lostAtTrial(bench);
    await bench.pass(3_600_000, 60_000);
    expect(await threeCalls(bench)).toEqual(SINGLE);
  });
});

describe('the grade of a server', () => {
  it('is reported as a digest, by which a later pool recognizes the server', () => {
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

  it('is not reported if the server was known to be good', () => {
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
  it('keeps its grade after two connections that ended early', async () => {
    const bench = new PoolBench(QUIET);
    await early(bench, 2);
    await bench.ran();
    await bench.running();
    expect([bench.connectCount, bench.link.sessions.length]).toEqual([3, 2]);
  });

  it('gets a new connection for each call after three in a row', async () => {
    const bench = new PoolBench(QUIET);
    await early(bench, 3);
    await bench.ran();
    expect([opens(bench), bench.link.leaving]).toEqual([1, true]);
  });

  it('starts a new count after a connection was used again', async () => {
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

  it('keeps its grade if a command ends the connection, such as reboot', async () => {
    const bench = new PoolBench(QUIET);
    for (let i = 0; i < 4; i += 1) {
      await bench.running();
      bench.link.lose();
      await bench.pass(2000);
    }
    await bench.ran();
    expect(bench.link.leaving).toBe(false);
  });

  it('keeps its grade if a connection is lost during a command', async () => {
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
