/** Regression tests; each is to move beside the tests of its module. */
import { describe, expect, it } from 'vitest';
import { SshpoolError } from '../../../src/base/errors.ts';
import { settle } from '../../support/fake-link.ts';
import { PoolBench, refused } from '../../support/pool-bench.ts';

const forced = (): SshpoolError => SshpoolError.of('AGENT_STOPPING', {});

describe('simultaneous calls', () => {
  it('share one connection while its first session is still being opened', async () => {
    const bench = new PoolBench();
    const calls = [bench.begin(), bench.begin(), bench.begin()];
    await settle();
    expect(calls.map(({ lease }) => lease !== undefined)).toEqual([true, true, true]);
    expect(bench.connectCount).toBe(1);
  });

  it('share a warm connection that has one spare', async () => {
    const bench = new PoolBench();
    await bench.ran();
    const calls = [bench.begin(), bench.begin(), bench.begin()];
    await settle();
    expect(calls.map(({ lease }) => lease !== undefined)).toEqual([true, true, true]);
    expect(bench.connectCount).toBe(1);
  });
});

async function cancelled(fresh: boolean): Promise<PoolBench> {
  const bench = new PoolBench();
  const request = bench.request();
  const signal = AbortSignal.abort();
  const call = fresh
    ? bench.pool.acquireFresh(request, signal)
    : bench.pool.acquire(request, signal);
  await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
  return bench;
}

describe('a call that was cancelled before it was made', () => {
  it('leaves nothing in the pool', async () => {
    expect((await cancelled(false)).pool.empty).toBe(true);
  });

  it('leaves nothing in the pool if it wanted a connection of its own', async () => {
    expect((await cancelled(true)).pool.empty).toBe(true);
  });

  it('does not block closeAll', async () => {
    const { pool } = await cancelled(false);
    let done = false;
    void pool.closeAll(undefined).then(() => (done = true));
    await settle();
    expect(done).toBe(true);
  });
});

describe('a connection that is lost before its first session is open', () => {
  it('fails the call instead of connecting again for ever', async () => {
    const bench = new PoolBench({}, { auto: false });
    const call = await bench.call();
    for (let losses = 0; losses < 5 && !call.error; losses++) {
      bench.link.lose();
      await settle();
    }
    expect(call.error?.code).toBe('CONNECTION_LOST');
  });

  it('does not throw if it was lost before the pool listened to it, beside another one', async () => {
    const bench = new PoolBench({ maxConnections: 2 }, { maxSessions: 1, connectByHand: true });
    const first = await bench.call();
    bench.connects[0]?.succeed();
    await settle();
    await bench.run(first);
    const second = await bench.call();
    expect(bench.connects).toHaveLength(1);
    const dead = bench.makeLink();
    dead.destroy(refused());
    bench.connects[0]?.succeed(dead);
    await settle();
    expect(second.error ?? bench.connects[0]).toBeDefined();
  });
});

describe('a call whose connection is lost while its session is being opened', () => {
  it('is retried by the pool, within its limits', async () => {
    const bench = new PoolBench({}, { connectByHand: true });
    const first = await bench.call();
    bench.connects[0]?.succeed();
    await settle();
    await bench.run(first);
    bench.link.mute = true; // the server confirms no further spare
    const second = await bench.call();
    const third = await bench.call();
    expect([second.lease === undefined, third.lease === undefined]).toContain(true);
    bench.link.lose();
    await settle();
    expect(bench.pool.empty).toBe(false);
    for (const connect of [...bench.connects]) connect.succeed();
    await settle();
    expect(bench.pool.stats().connections.length).toBeGreaterThan(0);
  });

  it('does not connect for a caller that has disconnected', async () => {
    const bench = new PoolBench({ maxConnections: 1 });
    await bench.running();
    bench.link.mute = true;
    await bench.call(); // takes the spare
    const gone = await bench.call();
    expect(gone.lease).toBeUndefined();
    gone.controller.abort();
    bench.link.lose();
    await settle();
    expect(bench.connectCount).toBe(1);
    expect(gone.error?.code).toBe('CANCELLED');
  });

  it('is ended by closeAll with force, and does not connect again', async () => {
    const bench = new PoolBench({ maxConnections: 1 });
    await bench.running();
    bench.link.mute = true;
    await bench.call();
    const waiting = await bench.call();
    expect(waiting.lease).toBeUndefined();
    const closed = bench.pool.closeAll(forced());
    await settle();
    expect(bench.connectCount).toBe(1);
    expect(waiting.error?.code).toBe('AGENT_STOPPING');
    await bench.pass(1000);
    await closed;
  });
});

describe('a failed connect', () => {
  it('is reported to the waiting calls, also while another connection is draining', async () => {
    const bench = new PoolBench({}, { connectByHand: true });
    const first = await bench.call();
    bench.connects[0]?.succeed();
    await settle();
    await bench.run(first);
    void bench.pool.close(() => true, { force: false });
    const second = await bench.call();
    bench.connects[0]?.fail();
    await settle();
    expect(second.error?.code).toBe('CONNECT_FAILED');
  });
});

describe('a running connection that does not answer a probe', () => {
  it('is skipped: the pool makes another one for the waiting call', async () => {
    const bench = new PoolBench();
    await bench.running();
    bench.link.mute = true;
    bench.clock.jump(3_600_000);
    const call = await bench.call();
    await bench.pass(3000);
    expect(call.lease).toBeDefined();
    expect(bench.connectCount).toBe(2);
  });
});

describe('a ping', () => {
  it('is answered also if its own session ends', async () => {
    const bench = new PoolBench({ maxConnections: 1 }, { maxSessions: 1 });
    const call = await bench.running();
    const { link } = bench;
    link.mute = true;
    bench.clock.advance(5000);
    await settle();
    expect(link.requests.at(-1)).toBe('keepalive@openssh.com');
    await bench.finish(call);
    expect(link.destroyed).toBeUndefined();
    expect(bench.pool.stats().totals.healthCheckFailures).toBe(0);
  });
});

describe('the workaround for refused signals', () => {
  const root = { user: 'root', maxSessions: 4 };

  it('frees its session for a waiting call', async () => {
    const bench = new PoolBench({ maxConnections: 1 }, root);
    const [a, b, c] = [await bench.running(), await bench.running(), await bench.running()];
    // The limit is four sessions, the spare included: the pool learns it from the fifth.
    const d = await bench.running();
    const queued = await bench.call();
    expect(queued.lease).toBeUndefined();
    queued.controller.abort();
    await bench.finish(c);
    await bench.finish(d);
    void a.lease?.connection.signal(a.lease.session, 'TERM');
    await settle();
    const helper = bench.link.running.find(({ command }) => command?.startsWith('exec /bin/sh'));
    const e = await bench.running();
    const f = await bench.call();
    expect([e.lease !== undefined, f.lease]).toEqual([true, undefined]);
    if (helper) bench.link.exit(helper);
    await settle();
    expect([b.outcome, f.lease !== undefined]).toEqual([undefined, true]);
  });
});

describe('channels that the server opened', () => {
  it('do not count as sessions when the pool learns the limit', async () => {
    const bench = new PoolBench({ maxConnections: 2 }, { auto: false });
    const request = { ...bench.request(), forwardAgent: '/nowhere/agent.sock' };
    const first = bench.pool.acquire(request, new AbortController().signal);
    await settle();
    const { link } = bench;
    const open = { sender: 7, window: 0, maxPacket: 1024 };
    link.receive({ type: 'open-confirmation', recipient: 0, ...open });
    await first;
    // The pool opens a second session as a spare; meanwhile the server uses the key agent.
    const extra = Buffer.alloc(0);
    link.receive({ type: 'open', channelType: 'auth-agent@openssh.com', extra, ...open });
    const second = bench.pool.acquire(request, new AbortController().signal);
    const failure = second.catch((thrown: unknown) => SshpoolError.from(thrown).code);
    for (const { sender: recipient } of link.sentOf('open').slice(1)) {
      link.receive({ type: 'open-failure', recipient, reason: 1, description: 'open failed' });
    }
    await settle();
    expect(bench.connectCount).toBe(2);
    void bench.pool.closeAll(forced());
    await bench.pass(1000);
    expect(await failure).toBe('AGENT_STOPPING');
  });
});
