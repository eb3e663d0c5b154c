import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { place, type Demand } from '../../../src/pool/policy.ts';

/** `takes` is for a policy that looks at it. */
const view = (running: number, more: { cap?: number; proof?: 'doubtful' | 'probing' } = {}) => ({
  running,
  cap: more.cap ?? 8,
  proof: more.proof ?? ('proven' as const),
  spare: false,
  takes: true,
});
const demand: Demand = { waiting: 1, connecting: 0, max: 4, capOfNew: 8 };

test('a proven connection with room is used', () => {
  const one = view(3);
  expect(place([view(8), one], demand)).toEqual({ kind: 'use', connection: one });
});

test('a spare comes before a less busy connection', () => {
  const spare = { ...view(5), spare: true };
  expect(place([view(1), spare], demand)).toEqual({ kind: 'use', connection: spare });
});

test('a doubtful connection is probed before another is made', () => {
  const one = view(0, { proof: 'doubtful' });
  expect(place([one], demand)).toEqual({ kind: 'probe', connection: one });
});

test('one that is being probed is waited for', () => {
  expect(place([view(0, { proof: 'probing' })], demand)).toEqual({ kind: 'wait' });
});

test('more wait than a probed one can take: another connects', () => {
  const probing = view(6, { proof: 'probing' });
  expect(place([probing], { ...demand, waiting: 3 })).toEqual({ kind: 'connect' });
});

const views = fc.array(
  fc.record({
    running: fc.nat(10),
    cap: fc.nat(8),
    proof: fc.constantFrom('proven' as const, 'doubtful' as const, 'probing' as const),
    spare: fc.boolean(),
    takes: fc.constant(true),
  }),
  { maxLength: 6 },
);
const demands: fc.Arbitrary<Demand> = fc.record({
  waiting: fc.integer({ min: 1, max: 20 }),
  connecting: fc.nat(3),
  max: fc.nat(8),
  capOfNew: fc.integer({ min: 1, max: 8 }),
});

test('only a proven connection with room is used, and one is used if there is one', () => {
  fc.assert(
    fc.property(views, demands, (connections, wanted) => {
      const placement = place(connections, wanted);
      const usable = connections.filter((c) => c.proof === 'proven' && c.running < c.cap);
      expect(placement.kind === 'use').toBe(usable.length > 0);
      const used = placement.kind === 'use' ? [placement.connection] : [];
      expect(usable).toEqual(expect.arrayContaining(used));
    }),
  );
});

test('only a doubtful connection with room is probed', () => {
  fc.assert(
    fc.property(views, demands, (connections, wanted) => {
      const placement = place(connections, wanted);
      fc.pre(placement.kind === 'probe');
      expect(placement.connection).toMatchObject({ proof: 'doubtful' });
      expect(placement.connection.running).toBeLessThan(placement.connection.cap);
    }),
  );
});

test('a connect never goes beyond the limit, nor beyond what those who wait need', () => {
  fc.assert(
    fc.property(views, demands, (connections, wanted) => {
      fc.pre(place(connections, wanted).kind === 'connect');
      expect(connections.length + wanted.connecting).toBeLessThan(wanted.max);
      expect(wanted.connecting * wanted.capOfNew).toBeLessThan(wanted.waiting);
    }),
  );
});

test('the given connections are left in their order', () => {
  fc.assert(
    fc.property(views, demands, (connections, wanted) => {
      const before = [...connections];
      place(connections, wanted);
      expect(connections).toEqual(before);
    }),
  );
});
