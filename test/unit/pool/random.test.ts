/** The pool under random sequences of events. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { SshpoolError } from '../../../src/base/errors.ts';
import { settle, type FakeLink } from '../../support/fake-link.ts';
import { PoolBench, type Call } from '../../support/pool-bench.ts';

const stopping = SshpoolError.of('AGENT_STOPPING', {});

type Name = 'acquire' | 'fresh' | 'finish' | 'connected' | 'unreachable' | 'lose' | 'mute';
type More =
  'unmute' | 'cancel' | 'time' | 'jump' | 'drain' | 'force' | 'refuse' | 'closeSpare' | 'stream';
type Step = readonly [name: Name | More, pick: number];

const step: fc.Arbitrary<Step> = fc.tuple(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant('acquire' as const) },
    { weight: 4, arbitrary: fc.constantFrom<Name>('finish', 'connected') },
    {
      weight: 6,
      arbitrary: fc.constantFrom<Name | More>(
        ...(['fresh', 'unreachable', 'lose', 'mute', 'unmute', 'cancel', 'time', 'jump'] as const),
        ...(['drain', 'force', 'refuse', 'closeSpare', 'stream'] as const),
      ),
    },
  ),
  fc.nat(1000),
);

/** Events that lose no session. */
const QUIET = ['acquire', 'acquire', 'finish', 'connected', 'stream'] as const;

class Course {
  readonly bench: PoolBench;
  readonly calls: Call[] = [];
  readonly #started = new Set<Call>();

  constructor(maxConnections: number, maxSessions: number, serverVersion: string) {
    const options = { connectByHand: true, maxSessions, serverVersion };
    this.bench = new PoolBench({ maxConnections, queueTimeoutMs: 10_000 }, options);
  }

  get leased(): Call[] {
    return this.calls.filter(({ lease }) => lease !== undefined);
  }

  async take([name, pick]: Step): Promise<void> {
    const { bench } = this;
    const one = <T>(of: readonly T[]): T | undefined => of[pick % Math.max(1, of.length)];
    const link: FakeLink | undefined = one(bench.links.filter(({ ended }) => !ended));
    switch (name) {
      case 'acquire':
      case 'fresh':
        // A login of another group may have failed at the server before.
        this.calls.push(bench.begin('web', name === 'fresh', { hasFailed: () => pick % 3 === 0 }));
        break;
      case 'finish': {
        const call = one(this.leased.filter(({ outcome }) => outcome === undefined));
        if (call) await bench.finish(call);
        break;
      }
      case 'stream': {
        const call = one(this.leased.filter(({ outcome }) => outcome === undefined));
        if (call) await bench.stream(call);
        break;
      }
      case 'connected':
      case 'unreachable': {
        const connect = one(bench.connects);
        if (name === 'connected') connect?.succeed();
        else connect?.fail();
        break;
      }
      case 'lose':
        link?.lose();
        break;
      case 'mute':
        if (link) link.mute = true;
        break;
      case 'unmute':
        link?.unmute();
        break;
      case 'refuse':
        if (link) link.maxSessions = pick % 4;
        break;
      case 'closeSpare': {
        const spare = link?.sessions.find(({ command }) => command === undefined);
        if (spare) link?.closeSession(spare);
        break;
      }
      case 'cancel':
        one(this.calls)?.controller.abort();
        break;
      case 'time':
        await bench.pass(pick * 10);
        break;
      case 'jump':
        bench.clock.jump((pick - 500) * 1000);
        break;
      case 'drain':
      case 'force':
        void bench.pool.close(() => true, { force: name === 'force' });
    }
    await settle();
    await this.#start();
  }

  /** As the agent does: a call that gets a session starts its command. */
  async #start(): Promise<void> {
    for (const call of this.leased) {
      if (this.#started.has(call)) continue;
      this.#started.add(call);
      const { lease } = call;
      if (lease?.session.state === 'spare') await this.bench.run(call);
      else call.outcome = { kind: 'vanished' };
    }
  }

  /** The invariants that are violated. */
  broken(maxConnections: number): string[] {
    const { bench } = this;
    const { totals, connections } = bench.pool.stats();
    const fresh = this.calls.filter((call) => call.fresh).length;
    const alive = bench.links.filter(({ ended }) => !ended).length;
    const unsettled = this.calls.filter(({ lease, error }) => !lease && !error).length;
    const busy = alive + bench.connects.length + unsettled > 0;
    const rules = {
      // One more while one is silent.
      maxConnections: alive + bench.connects.length <= maxConnections + 1 + fresh,
      cap: connections.every(({ sessions }) => sessions <= 8),
      uses: totals.poolHits + totals.poolMisses === this.leased.length,
      queued: totals.queued <= unsettled,
      total: totals.totalConnections === totals.activeConnections + totals.idleConnections,
      empty: bench.pool.empty !== busy,
    };
    return Object.entries(rules).flatMap(([name, holds]) => (holds ? [] : [name]));
  }

  /** Ends everything: first the connects, then the rest by force. */
  async end(): Promise<void> {
    const { bench } = this;
    const closed = bench.pool.closeAll(stopping);
    await settle();
    for (const connect of [...bench.connects]) connect.fail();
    await bench.pass(1000);
    await closed;
  }
}

const course = (
  check: (course: Course, max: number) => void,
  atEnd: (course: Course) => void,
): Promise<void> =>
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.constantFrom(1, 2, 3, 10),
      fc.constantFrom('OpenSSH_9.2p1', 'Device'),
      fc.array(step, { maxLength: 40 }),
      async (max, maxSessions, version, steps) => {
        const made = new Course(max, maxSessions, version);
        for (const one of steps) {
          await made.take(one);
          check(made, max);
        }
        await made.end();
        atEnd(made);
      },
    ),
    { numRuns: 300 },
  );

test('limits, counters and emptiness are correct after every event', async () => {
  await course(
    (made, max) => expect(made.broken(max)).toEqual([]),
    () => undefined,
  );
});

test('every call settles, and nothing is left after closeAll', async () => {
  await course(
    () => undefined,
    ({ bench, calls, leased }) => {
      for (const { lease, error } of calls) expect(lease ?? error).toBeDefined();
      for (const { outcome } of leased) expect(outcome).toBeDefined();
      expect(bench.pool.empty).toBe(true);
      bench.clock.advance(60_000);
      expect(bench.clock.pending).toBe(0);
    },
  );
});

test('waiting calls are served in order of arrival if no session is lost', async () => {
  const quiet = fc.array(fc.tuple(fc.constantFrom(...QUIET), fc.nat(1000)), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3 }), quiet, async (max, steps) => {
      const made = new Course(max, 10, 'OpenSSH_9.2p1');
      for (const one of steps) {
        await made.take(one);
        const served = made.calls.map(({ lease }) => lease !== undefined);
        expect(served.lastIndexOf(true)).toBeLessThan(
          served.includes(false) ? served.indexOf(false) : served.length,
        );
      }
    }),
    { numRuns: 100 },
  );
});
