import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SshpoolError } from '../../../src/base/errors.ts';
import { Handshakes } from '../../../src/pool/handshakes.ts';
import { FakeClock } from '../../support/clock.ts';
import { settle } from '../../support/fake-link.ts';
import { PoolBench } from '../../support/pool-bench.ts';

class Bench {
  readonly clock = new FakeClock();
  readonly handshakes = new Handshakes(this.clock, () => 0.5);
  /** Handshakes in progress by name, oldest first, with functions that end them. */
  readonly underWay = new Map<string, { readonly end: () => void; readonly fail: () => void }>();
  readonly failures = new Map<string, string>();

  begin(name: string, server = 'web:22'): AbortController {
    const controller = new AbortController();
    const shake = (): Promise<void> =>
      new Promise((resolve, reject) => {
        const settled = (): boolean => this.underWay.delete(name);
        this.underWay.set(name, {
          end: () => void (settled() && resolve()),
          fail: () => void (settled() && reject(new Error('refused'))),
        });
      });
    this.handshakes
      .run(server, controller.signal, shake)
      .catch((thrown: unknown) => this.failures.set(name, SshpoolError.from(thrown).code));
    return controller;
  }

  /** Begins this many handshakes, and lets the delayed ones start. */
  async beginMany(count: number): Promise<AbortController[]> {
    const controllers = Array.from({ length: count }, (_, i) => this.begin(String(i)));
    await this.pass(50);
    return controllers;
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await settle();
  }

  get names(): string[] {
    return [...this.underWay.keys()];
  }
}

describe('handshakes with one server', () => {
  it('are limited to ten at a time', async () => {
    const bench = new Bench();
    await bench.beginMany(30);
    expect(bench.underWay.size).toBe(10);
  });

  it('start in the order of the calls, whether the earlier ones succeed or fail', async () => {
    const bench = new Bench();
    await bench.beginMany(12);
    bench.underWay.get('4')?.end();
    bench.underWay.get('0')?.fail();
    await settle();
    await bench.pass(25);
    expect(bench.names).toEqual(['1', '2', '3', '5', '6', '7', '8', '9', '10', '11']);
    expect([...bench.failures.keys()]).toEqual(['0']);
  });

  it('start at once while there are few, and with a delay beyond', async () => {
    const bench = new Bench();
    for (const name of ['a', 'b', 'c', 'd']) bench.begin(name);
    expect(bench.names).toEqual(['a', 'b', 'c']);
    await bench.pass(24);
    expect(bench.names).toEqual(['a', 'b', 'c']);
    await bench.pass(1);
    expect(bench.names).toEqual(['a', 'b', 'c', 'd']);
  });

  it('do not wait for handshakes with another server', async () => {
    const bench = new Bench();
    await bench.beginMany(11);
    bench.begin('other', 'db:22');
    expect(bench.names).toContain('other');
  });
});

describe('a cancelled handshake', () => {
  it('leaves the queue', async () => {
    const bench = new Bench();
    const controllers = await bench.beginMany(12);
    controllers[10]?.abort();
    await settle();
    expect(bench.failures.get('10')).toBe('CANCELLED');
    bench.underWay.get('0')?.end();
    await settle();
    await bench.pass(25);
    expect(bench.names.at(-1)).toBe('11');
  });

  it('gives its place to the next one while it is delayed', async () => {
    const bench = new Bench();
    const controllers = Array.from({ length: 11 }, (_, i) => bench.begin(String(i)));
    controllers[5]?.abort();
    await settle();
    await bench.pass(25);
    expect(bench.names).toContain('10');
    expect(bench.names).not.toContain('5');
    expect(bench.clock.pending).toBe(0);
  });

  it('does not start if it was cancelled before', async () => {
    const { handshakes } = new Bench();
    const run = handshakes.run('web:22', AbortSignal.abort(), () => Promise.resolve());
    await expect(run).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

it('are never more than ten, and each one starts or is cancelled', async () => {
  const step = fc.tuple(
    fc.constantFrom('begin', 'begin', 'end', 'fail', 'abort', 'time'),
    fc.nat(),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const bench = new Bench();
      const controllers: AbortController[] = [];
      const seen = new Set<string>();
      for (const [what, pick] of steps) {
        const name = bench.names[pick % Math.max(1, bench.underWay.size)] ?? '';
        if (what === 'begin') controllers.push(bench.begin(String(controllers.length)));
        else if (what === 'end') bench.underWay.get(name)?.end();
        else if (what === 'fail') bench.underWay.get(name)?.fail();
        else if (what === 'abort') controllers[pick % Math.max(1, controllers.length)]?.abort();
        else await bench.pass(pick % 40);
        await settle();
        for (const one of bench.names) seen.add(one);
        expect(bench.underWay.size).toBeLessThanOrEqual(10);
      }
      for (let left = controllers.length; left > 0; left--) {
        await bench.pass(50);
        for (const [one, { end }] of [...bench.underWay]) {
          seen.add(one);
          end();
        }
        await settle();
      }
      for (const one of bench.failures.keys()) seen.add(one);
      expect([seen.size, bench.underWay.size]).toEqual([controllers.length, 0]);
      expect(bench.clock.pending).toBe(0);
    }),
    { numRuns: 100 },
  );
});

describe('the pool', () => {
  it('runs at most ten connects to a server, whatever their keys are', async () => {
    const bench = new PoolBench({}, { connectByHand: true });
    for (let i = 0; i < 12; i++) {
      const request = { ...bench.request(`web${i}`), server: 'bastion:22' };
      void bench.pool.acquire(request, new AbortController().signal);
    }
    await bench.pass(50);
    expect(bench.connects).toHaveLength(10);
    bench.connects[0]?.succeed();
    await settle();
    await bench.pass(50);
    expect(bench.connects).toHaveLength(10);
    expect(bench.connectCount).toBe(11);
  });

  it('counts the time in the queue as waiting, not as connecting', async () => {
    const bench = new PoolBench({}, { connectByHand: true });
    for (let i = 0; i < 10; i++) void bench.call('web', true);
    await bench.pass(50);
    const call = await bench.call();
    await bench.pass(3000);
    bench.connects[0]?.succeed();
    await settle();
    await bench.pass(25);
    await bench.pass(70);
    bench.connects.at(-1)?.succeed();
    await settle();
    expect(call.lease).toMatchObject({ connectMs: 70, queueMs: 3025 });
  });
});
