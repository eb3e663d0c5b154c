import { beforeEach, describe, expect, it } from 'vitest';
import type { RekeyAfter } from '../../../../src/config/network-options.ts';
import { Rekeying } from '../../../../src/ssh/link/rekeying.ts';
import { FakeClock } from '../../../support/clock.ts';

let clock: FakeClock;
let begun: number;

beforeEach(() => {
  clock = new FakeClock();
  begun = 0;
});

const rekeying = (after: Partial<RekeyAfter>): Rekeying =>
  new Rekeying(clock, { bytes: 0, ms: 0, ...after }, () => void begun++);

describe('new keys', () => {
  it.each(['sent', 'received'] as const)('are asked for after so many bytes %s', (way) => {
    const keys = rekeying({ bytes: 1000 });
    keys[way](999);
    expect(begun).toBe(0);
    keys[way](1);
    expect(begun).toBe(1);
  });

  it('are asked for by what went in one direction, not in both together', () => {
    const keys = rekeying({ bytes: 1000 });
    keys.sent(999);
    keys.received(999);
    expect(begun).toBe(0);
  });

  it('begin the count anew, whoever asked for them', () => {
    const keys = rekeying({ bytes: 1000 });
    keys.sent(999);
    keys.renewed();
    keys.sent(999);
    expect(begun).toBe(0);
  });

  it('are asked for after a time, again and again', () => {
    const keys = rekeying({ ms: 10_000 });
    clock.advance(10_000);
    keys.renewed();
    clock.advance(9999);
    expect(begun).toBe(1);
    clock.advance(1);
    expect(begun).toBe(2);
  });

  it('are asked for after 1 GiB where nobody chose, and never for the time', () => {
    const keys = rekeying({});
    keys.received(2 ** 30 - 1);
    expect([begun, clock.pending]).toEqual([0, 0]);
    keys.received(1);
    expect(begun).toBe(1);
  });

  it('are not asked for once the connection has ended', () => {
    const keys = rekeying({ ms: 10_000 });
    keys.end();
    expect(clock.pending).toBe(0);
  });

  it('wait no longer than a timer can: a longer delay would be none at all', () => {
    rekeying({ ms: 2 ** 40 });
    clock.advance(2 ** 31 - 2);
    expect(begun).toBe(0);
    clock.advance(1);
    expect(begun).toBe(1);
  });
});
