import { describe, expect, it } from 'vitest';
import { SshpoolError } from '../../../src/base/errors.ts';
import type { TunnelRequest } from '../../../src/pool/lease.ts';
import type { Tunnel } from '../../../src/ssh/channel/tunnel.ts';
import { FakeLink, settle } from '../../support/fake-link.ts';
import { PoolBench, SETTINGS } from '../../support/pool-bench.ts';

const WAY: TunnelRequest = { host: 'inner', port: 22, timeoutMs: 5000 };
const SOCKET: TunnelRequest = { path: '/run/d.sock', timeoutMs: 5000 };

interface Trip {
  tunnel: Tunnel | undefined;
  error: SshpoolError | undefined;
  readonly controller: AbortController;
}

/** Opens a tunnel over the connection to `web`. */
async function begin(bench: PoolBench, way = WAY): Promise<Trip> {
  const trip: Trip = { tunnel: undefined, error: undefined, controller: new AbortController() };
  bench.pool.tunnel(bench.request(), way, trip.controller.signal).then(
    (tunnel) => (trip.tunnel = tunnel),
    (thrown: unknown) => (trip.error = SshpoolError.from(thrown)),
  );
  await settle();
  return trip;
}

const lastOpen = (link: FakeLink): number =>
  link.sentOf('open').findLast(({ channelType }) => channelType.startsWith('direct-'))?.sender ??
  -1;

async function confirm(link: FakeLink): Promise<void> {
  const [recipient, sender] = [lastOpen(link), 900 + lastOpen(link)];
  const room = { window: 1000, maxPacket: 1000 };
  link.receive({ type: 'open-confirmation', recipient, sender, ...room });
  await settle();
}

/** A link on which the test answers tunnels and sessions by hand. */
const byHand = (): PoolBench => new PoolBench({}, { auto: false });

async function open(bench: PoolBench): Promise<Trip> {
  const trip = await begin(bench);
  await confirm(bench.link);
  return trip;
}

describe('a tunnel over the pool', () => {
  it('makes a connection, and later tunnels use the same one', async () => {
    const bench = byHand();
    const first = await open(bench);
    const second = await open(bench);
    expect([first.tunnel, second.tunnel].every(Boolean)).toBe(true);
    expect(bench.connectCount).toBe(1);
    expect(bench.pool.stats().totals).toMatchObject({ poolHits: 1, poolMisses: 1 });
    expect(bench.pool.stats().connections[0]).toMatchObject({ tunnels: 2, sessions: 0 });
  });

  it('uses another connection if the first is silent', async () => {
    const bench = byHand();
    await open(bench);
    const trip = await begin(bench);
    await bench.pass(1000, 100);
    expect([bench.connectCount, trip.tunnel]).toEqual([2, undefined]);
    await confirm(bench.link);
    expect(trip.tunnel).toBeDefined();
  });

  it('waits for a server that answers, but needs long to reach the target', async () => {
    const bench = new PoolBench({}, { connectByHand: true });
    const first = await begin(bench);
    const link = bench.makeLink();
    link.ignores = (message) =>
      message.type === 'open' && message.channelType.startsWith('direct-');
    bench.connects[0]?.succeed(link);
    await settle();
    await confirm(link);
    const second = await begin(bench);
    await bench.pass(4500, 100);
    expect([bench.connectCount, second.error]).toEqual([1, undefined]);
    await confirm(link);
    expect([first.tunnel, second.tunnel].every(Boolean)).toBe(true);
  });

  it('prevents the idle timeout of its connection', async () => {
    const bench = byHand();
    const { tunnel } = await open(bench);
    bench.clock.advance(SETTINGS.idleTimeoutMs * 3);
    await settle();
    expect(bench.link.leaving).toBe(false);
    tunnel?.destroy();
    bench.link.receive({ type: 'close', recipient: lastOpen(bench.link) });
    bench.clock.advance(SETTINGS.idleTimeoutMs);
    await settle();
    expect(bench.link.leaving || bench.link.destroyed !== undefined).toBe(true);
  });

  it('delays a close of its connection', async () => {
    const bench = byHand();
    const { tunnel } = await open(bench);
    await bench.pool.close(() => true, { force: false });
    expect(bench.link.leaving).toBe(false);
    tunnel?.destroy();
    bench.link.receive({ type: 'close', recipient: lastOpen(bench.link) });
    expect(bench.link.leaving).toBe(true);
  });

  it('is ended by a close of its connection with force', async () => {
    const bench = byHand();
    const { tunnel } = await open(bench);
    await bench.pool.close(() => true, { force: true });
    expect(tunnel?.destroyed).toBe(true);
  });

  it('that is refused names the server, and the connection stays open', async () => {
    const bench = byHand();
    const trip = await begin(bench);
    const refusal = { reason: 2, description: 'Connection refused' };
    bench.link.receive({ type: 'open-failure', recipient: lastOpen(bench.link), ...refusal });
    await settle();
    expect(trip.error?.message).toBe('web could not connect to inner port 22: Connection refused');
    expect(bench.pool.stats().connections).toHaveLength(1);
  });

  it('to a socket that is refused names the path and the possible reasons', async () => {
    const bench = byHand();
    const trip = await begin(bench, SOCKET);
    const refusal = { reason: 2, description: 'open failed' };
    bench.link.receive({ type: 'open-failure', recipient: lastOpen(bench.link), ...refusal });
    await settle();
    expect(trip.error?.message).toMatch(
      /^web could not connect to \/run\/d\.sock: connection refused/,
    );
  });

  it('to a socket has a deadline, too, and reports it', async () => {
    const bench = byHand();
    const trip = await begin(bench, SOCKET);
    await bench.pass(SOCKET.timeoutMs);
    expect(trip.error?.message).toBe(
      'web could not connect to /run/d.sock: no answer within 5000 ms',
    );
  });

  it('has a deadline', async () => {
    const bench = byHand();
    const trip = await begin(bench);
    await bench.pass(WAY.timeoutMs);
    expect(trip.error?.code).toBe('CONNECT_TIMEOUT');
  });

  it('whose caller has disconnected is closed when it opens', async () => {
    const bench = byHand();
    const trip = await begin(bench);
    trip.controller.abort();
    await confirm(bench.link);
    expect(trip.error?.code).toBe('CANCELLED');
    expect(bench.link.sentOf('close')).toHaveLength(1);
  });

  it('is retried over a new connection if a warm one is lost', async () => {
    const bench = byHand();
    await open(bench);
    const trip = await begin(bench);
    bench.link.lose();
    await settle();
    await confirm(bench.link);
    expect(trip.tunnel).toBeDefined();
    expect(bench.connectCount).toBe(2);
  });

  it('fails with a connection that has never worked', async () => {
    const bench = byHand();
    const trip = await begin(bench);
    bench.link.lose();
    await settle();
    expect(trip.error?.code).toBe('CONNECTION_LOST');
    expect(bench.connectCount).toBe(1);
  });

  it('goes through a server that opens no session at all', async () => {
    const bench = byHand();
    const trip = await begin(bench);
    const spare = bench.link.sentOf('open').find(({ channelType }) => channelType === 'session');
    const refusal = { reason: 1, description: 'open failed' };
    bench.link.receive({ type: 'open-failure', recipient: spare?.sender ?? -1, ...refusal });
    await confirm(bench.link);
    const later = await open(bench);
    expect([trip.tunnel, later.tunnel].every(Boolean)).toBe(true);
    expect(bench.connectCount).toBe(1);
  });

  it('takes no session', async () => {
    const bench = new PoolBench({ maxConnections: 1 });
    await Promise.all(Array.from({ length: 8 }, () => bench.running()));
    await begin(bench);
    expect(lastOpen(bench.link)).toBeGreaterThanOrEqual(0);
  });
});
