import { describe, expect, it } from 'vitest';
import { SshpoolError } from '../../../src/base/errors.ts';
import { settle } from '../../support/fake-link.ts';
import { PoolBench } from '../../support/pool-bench.ts';

const typesOf = (bench: PoolBench): string[] => bench.events.map(({ type }) => type);

describe('the pool reports', () => {
  it('that it connects, and which call waits for it', async () => {
    const bench = new PoolBench();
    await bench.call();
    expect(typesOf(bench)).toEqual(['queue', 'connect']);
    expect(bench.events[1]).toMatchObject({ connection: { target: 'web', id: 1 }, connectMs: 0 });
  });

  it('that it uses a connection again', async () => {
    const bench = new PoolBench();
    await bench.call();
    bench.events.length = 0;
    await bench.call();
    expect(bench.events).toMatchObject([{ type: 'reuse', connection: { id: 1 } }]);
  });

  it('that an unused connection has gone', async () => {
    const bench = new PoolBench({ idleTimeoutMs: 60_000 });
    await bench.ran();
    await bench.pass(60_000);
    expect(bench.events.at(-1)).toMatchObject({ type: 'evict', reason: 'idle' });
  });

  it('that a connection was closed', async () => {
    const bench = new PoolBench();
    await bench.ran();
    await bench.pool.close(() => true, { force: true });
    expect(bench.events.at(-1)).toMatchObject({ type: 'evict', reason: 'closed' });
  });

  it('that a connection was lost', async () => {
    const bench = new PoolBench();
    await bench.call();
    bench.link.lose();
    await settle();
    expect(bench.events.at(-1)).toMatchObject({ type: 'evict', reason: 'lost' });
  });

  it('that a server refuses a further session', async () => {
    const bench = new PoolBench({}, { maxSessions: 1 });
    await bench.call();
    await settle();
    expect(typesOf(bench)).toContain('refuse');
  });

  it('why it could not connect', async () => {
    const bench = new PoolBench({}, { connectByHand: true });
    await bench.call();
    const error = SshpoolError.of('HOST_UNKNOWN', { host: 'web', reason: 'no' });
    bench.connects[0]?.fail(error);
    await settle();
    expect(bench.events.at(-1)).toMatchObject({ type: 'error', label: { name: 'web' }, error });
  });
});
