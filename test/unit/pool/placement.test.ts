import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { place, type Demand } from '../../../src/pool/placement.ts';

const view = (running: number, more: { cap?: number; proof?: 'doubtful' | 'probing' } = {}) => ({
  running,
  cap: more.cap ?? 8,
  proof: more.proof ?? ('proven' as const),
  spare: false,
  bulk: false,
  takesTunnel: true,
  untried: false,
});
const demand: Demand = {
  wantsSession: true,
  waiting: 1,
  connecting: 0,
  max: 4,
  capOfNew: 8,
  settles: false,
};

test('a proven connection with room is used', () => {
  const one = view(3);
  expect(place([view(8), one], demand)).toEqual({ kind: 'use', connection: one });
});

test('a spare is preferred to a less busy connection', () => {
  const spare = { ...view(5), spare: true };
  expect(place([view(1), spare], demand)).toEqual({ kind: 'use', connection: spare });
});

test('a doubtful connection is probed before another one is made', () => {
  const one = view(0, { proof: 'doubtful' });
  expect(place([one], demand)).toEqual({ kind: 'probe', connection: one });
});

test('a call waits for a connection that is being probed', () => {
  expect(place([view(0, { proof: 'probing' })], demand)).toEqual({ kind: 'wait' });
});

test('if more calls wait than a probed connection can take, the pool connects', () => {
  const probing = view(6, { proof: 'probing' });
  const placement = { kind: 'connect', purpose: 'room' };
  expect(place([probing], { ...demand, waiting: 3 })).toEqual(placement);
});

describe('beside a bulk transfer', () => {
  const bulk = { ...view(1), spare: true, bulk: true };

  test('another connection is used, even if it is busier and has no spare', () => {
    const busy = view(7);
    expect(place([bulk, busy], demand)).toEqual({ kind: 'use', connection: busy });
  });

  test('another connection that is doubtful is probed', () => {
    const doubtful = view(0, { proof: 'doubtful' });
    expect(place([bulk, doubtful], demand)).toEqual({ kind: 'probe', connection: doubtful });
  });

  test('another connection is made for speed', () => {
    expect(place([bulk], demand)).toEqual({ kind: 'connect', purpose: 'speed' });
  });

  test('a call waits for a connection that is being made', () => {
    expect(place([bulk], { ...demand, connecting: 1 })).toEqual({ kind: 'wait' });
  });

  test.each([{ max: 1 }, { settles: true }, { settles: true, connecting: 1 }])(
    'the connection of the transfer is used: %o',
    (more) => {
      expect(place([bulk], { ...demand, ...more })).toEqual({ kind: 'use', connection: bulk });
    },
  );

  test('another connection is made for room if all are full', () => {
    const placement = { kind: 'connect', purpose: 'room' };
    expect(place([{ ...bulk, running: 8 }], demand)).toEqual(placement);
  });
});

const views = fc.array(
  fc.record({
    running: fc.nat(10),
    cap: fc.nat(8),
    proof: fc.constantFrom('proven' as const, 'doubtful' as const, 'probing' as const),
    spare: fc.boolean(),
    bulk: fc.boolean(),
    takesTunnel: fc.boolean(),
    untried: fc.boolean(),
  }),
  { maxLength: 6 },
);
const demands: fc.Arbitrary<Demand> = fc.record({
  waiting: fc.integer({ min: 1, max: 20 }),
  connecting: fc.nat(3),
  max: fc.nat(8),
  capOfNew: fc.integer({ min: 1, max: 8 }),
  wantsSession: fc.constant(true),
  settles: fc.boolean(),
});

test('only a proven connection with room is used, and one without a bulk transfer if possible', () => {
  fc.assert(
    fc.property(views, demands, (connections, wanted) => {
      const placement = place(connections, wanted);
      const isLast = connections.length + wanted.connecting >= wanted.max;
      const usable = connections.filter(
        (c) => c.proof === 'proven' && c.running < c.cap && !(c.untried && isLast),
      );
      const quick = usable.filter(({ bulk }) => !bulk);
      const used = placement.kind === 'use' ? [placement.connection] : [];
      const best = quick.length > 0 ? quick : usable;
      expect(best).toEqual(expect.arrayContaining(used));
      const must = quick.length > 0 || (usable.length > 0 && wanted.settles);
      expect(used.length > 0 || !must).toBe(true);
    }),
  );
});

test('a call that could be served waits only for a connect or a probe', () => {
  fc.assert(
    fc.property(views, demands, (connections, wanted) => {
      fc.pre(place(connections, wanted).kind === 'wait');
      const withRoom = connections.filter((c) => c.running < c.cap);
      const coming = withRoom.some((c) => c.proof === 'probing') || wanted.connecting > 0;
      expect(coming || withRoom.every((c) => c.proof !== 'proven')).toBe(true);
    }),
  );
});

test('only a doubtful or untried connection with room is probed', () => {
  fc.assert(
    fc.property(views, demands, (connections, wanted) => {
      const placement = place(connections, wanted);
      fc.pre(placement.kind === 'probe');
      const { proof, untried } = placement.connection;
      expect(proof === 'doubtful' || (proof === 'proven' && untried)).toBe(true);
      expect(placement.connection.running).toBeLessThan(placement.connection.cap);
    }),
  );
});

test('the pool connects only up to its limit, and only for waiting calls', () => {
  fc.assert(
    fc.property(views, demands, (connections, wanted) => {
      fc.pre(place(connections, wanted).kind === 'connect');
      expect(connections.length + wanted.connecting).toBeLessThan(wanted.max);
      expect(wanted.connecting * wanted.capOfNew).toBeLessThan(wanted.waiting);
    }),
  );
});

test('the order of the given connections is not changed', () => {
  fc.assert(
    fc.property(views, demands, (connections, wanted) => {
      const before = [...connections];
      place(connections, wanted);
      expect(connections).toEqual(before);
    }),
  );
});

describe('an untried connection', () => {
  const untried = { ...view(0, { cap: 1 }), untried: true };

  test('is used for a session while another connection may be made', () => {
    expect(place([untried], demand)).toEqual({ kind: 'use', connection: untried });
  });

  test('is tried first if no other connection may be made, so that more sessions fit', () => {
    expect(place([untried], { ...demand, max: 1 })).toEqual({ kind: 'probe', connection: untried });
  });

  test('is tried before it takes a tunnel', () => {
    const wanted = { ...demand, wantsSession: false };
    expect(place([untried], wanted)).toEqual({ kind: 'probe', connection: untried });
  });

  test('makes any number of tunnels wait while it is tried', () => {
    const wanted = { ...demand, wantsSession: false, waiting: 20 };
    const trying = { ...untried, proof: 'probing' as const };
    expect(place([trying], wanted)).toEqual({ kind: 'wait' });
  });
});
