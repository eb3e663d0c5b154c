import { describe, expect, it } from 'vitest';
import { SshpoolError } from '../../../src/base/errors.ts';
import { settle } from '../../support/fake-link.ts';
import { PoolBench } from '../../support/pool-bench.ts';

const stopping = SshpoolError.of('AGENT_STOPPING', {});
const all = (): boolean => true;

/** Whether a promise has settled by now. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  promise.then(
    () => (done = true),
    () => (done = true),
  );
  await settle();
  return done;
}

describe('close', () => {
  it('ends idle connections and reports them', async () => {
    const bench = new PoolBench();
    await bench.ran('web');
    await bench.ran('db');
    const rows = await bench.pool.close(({ name }) => name === 'web', { force: false });
    expect(rows).toMatchObject([{ target: 'web', state: 'idle' }]);
    expect(bench.pool.stats().connections.map(({ target }) => target)).toEqual(['db']);
  });

  it('lets a running session end first, and does not wait for its end', async () => {
    const bench = new PoolBench();
    const call = await bench.running();
    const rows = await bench.pool.close(all, { force: false });
    expect(rows).toMatchObject([{ state: 'active', sessions: 1 }]);
    expect(bench.pool.stats().connections[0]?.state).toBe('draining');
    expect(bench.link.leaving).toBe(false);
    await bench.finish(call);
    expect(call.outcome).toEqual({ kind: 'exited', code: 0 });
    expect(bench.link.leaving).toBe(true);
    expect(bench.pool.empty).toBe(true);
  });

  it('gives a draining connection no new sessions', async () => {
    const bench = new PoolBench();
    await bench.running();
    await bench.pool.close(all, { force: false });
    const next = await bench.call();
    expect(next.lease?.reused).toBe(false);
    expect(bench.connectCount).toBe(2);
  });

  it('counts a draining connection towards the limit', async () => {
    const bench = new PoolBench({ maxConnections: 1 });
    const call = await bench.running();
    await bench.pool.close(all, { force: false });
    const next = await bench.call();
    expect(next.lease).toBeUndefined();
    await bench.finish(call);
    expect(next.lease?.reused).toBe(false);
  });

  it('with force ends running sessions and reports the reason', async () => {
    const bench = new PoolBench();
    const call = await bench.running();
    const closing = bench.pool.close(all, { force: true });
    await bench.pass(1000); // running commands get a HUP first
    await closing;
    expect(call.outcome).toMatchObject({
      kind: 'lost',
      error: { message: 'the connection to web was closed by sshpool close' },
    });
    expect(bench.pool.empty).toBe(true);
  });

  it('waits until the server has closed the connection', async () => {
    const bench = new PoolBench({}, { closesByHand: true });
    await bench.ran();
    const closing = bench.pool.close(all, { force: false });
    expect(await settled(closing)).toBe(false);
    bench.link.flush();
    expect(await settled(closing)).toBe(true);
  });

  it('without a matching connection resolves at once', async () => {
    expect(await new PoolBench().pool.close(all, { force: true })).toEqual([]);
  });
});

describe('a connection for one call', () => {
  it('is made although there is a warm one, and ends with its session', async () => {
    const bench = new PoolBench();
    await bench.ran();
    const fresh = await bench.running('web', true);
    expect(fresh.lease?.reused).toBe(false);
    expect(bench.connectCount).toBe(2);
    await bench.finish(fresh);
    expect(bench.link.leaving).toBe(true);
    expect(bench.pool.stats().totals.totalConnections).toBe(1);
  });

  it('is not used by other calls', async () => {
    const bench = new PoolBench();
    await bench.running('web', true);
    const other = await bench.call('web');
    expect(other.lease?.reused).toBe(false);
    const third = await bench.call('web', true);
    expect(third.lease?.reused).toBe(false);
    expect(bench.connectCount).toBe(3);
  });

  it('reports the error if it cannot be made', async () => {
    const bench = new PoolBench({}, { connectByHand: true });
    const call = await bench.call('web', true);
    bench.connects[0]?.fail();
    await settle();
    expect(call.error?.code).toBe('CONNECT_FAILED');
    expect(bench.pool.empty).toBe(true);
  });
});

describe('closeAll', () => {
  it('resolves at once without connections', async () => {
    expect(await settled(new PoolBench().pool.closeAll(undefined))).toBe(true);
  });

  it('refuses later calls', async () => {
    const bench = new PoolBench();
    await bench.pool.closeAll(undefined);
    expect((await bench.call()).error?.code).toBe('AGENT_STOPPING');
    expect((await bench.call('web', true)).error?.code).toBe('AGENT_STOPPING');
  });

  it('waits for running commands', async () => {
    const bench = new PoolBench();
    const call = await bench.running();
    const closed = bench.pool.closeAll(undefined);
    expect(await settled(closed)).toBe(false);
    await bench.finish(call);
    expect(await settled(closed)).toBe(true);
    expect(bench.emptied).toBe(1);
  });

  it('still serves waiting calls, and then resolves', async () => {
    const bench = new PoolBench({ maxConnections: 1 }, { maxSessions: 1 });
    const [first, second] = [await bench.running(), await bench.call()];
    const closed = bench.pool.closeAll(undefined);
    await bench.finish(first);
    expect(second.lease).toBeDefined();
    await bench.run(second);
    await bench.finish(second);
    expect(await settled(closed)).toBe(true);
  });

  it('with force ends running, waiting and connecting calls', async () => {
    const bench = new PoolBench({ maxConnections: 2 }, { connectByHand: true, maxSessions: 1 });
    const first = await bench.call();
    bench.connects[0]?.succeed();
    await settle();
    await bench.run(first);
    const [connecting, waiting] = [await bench.call(), await bench.call()];
    const [attempt] = bench.connects;
    const closed = bench.pool.closeAll(stopping);
    expect(attempt?.signal.aborted).toBe(true);
    attempt?.fail();
    await bench.pass(1000);
    expect(await settled(closed)).toBe(true);
    expect(first.outcome).toMatchObject({ kind: 'lost', error: { code: 'AGENT_STOPPING' } });
    expect([connecting.error?.code, waiting.error?.code]).toEqual([
      'AGENT_STOPPING',
      'AGENT_STOPPING',
    ]);
  });

  it('ends a connection that is made only after it', async () => {
    const bench = new PoolBench({}, { connectByHand: true });
    await bench.call();
    const [attempt] = bench.connects;
    const closed = bench.pool.closeAll(stopping);
    attempt?.succeed();
    expect(await settled(closed)).toBe(true);
    expect(bench.link.leaving).toBe(true);
  });
});

describe('closeAll by force', () => {
  it('does not move a call that waits for a session to the next connection', async () => {
    const bench = new PoolBench({ maxConnections: 2 }, { maxSessions: 2, connectByHand: true });
    const first = bench.begin();
    await settle();
    bench.connects[0]?.succeed();
    await settle();
    await bench.run(first);
    await bench.running();
    const { link } = bench;
    link.mute = true;
    // The connection is full, so the pool starts another one; before that is ready a session becomes free.
    const waiting = await bench.call();
    await bench.finish(first);
    bench.connects[0]?.succeed();
    await settle();
    expect(waiting.lease).toBeUndefined();
    void bench.pool.closeAll(stopping);
    await settle();
    expect(waiting.error?.code).toBe('AGENT_STOPPING');
  });
});
