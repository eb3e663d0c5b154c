import { beforeEach, describe, expect, it } from 'vitest';
import type { RekeyAfter } from '../../../../src/config/ssh-config/network-options.ts';
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

describe('a key re-exchange', () => {
  it.each(['sent', 'received'] as const)('is started after a number of bytes %s', (way) => {
    const keys = rekeying({ bytes: 1000 });
    keys[way](999);
    expect(begun).toBe(0);
    keys[way](1);
    expect(begun).toBe(1);
  });

  it('is started by the bytes of one direction, not by the sum of both', () => {
    const keys = rekeying({ bytes: 1000 });
    keys.sent(999);
    keys.received(999);
    expect(begun).toBe(0);
  });

  it('resets the byte count, even if the server started it', () => {
    const keys = rekeying({ bytes: 1000 });
    keys.sent(999);
    keys.renewed();
    keys.sent(999);
    expect(begun).toBe(0);
  });

  it('is started after a time, repeatedly', () => {
    const keys = rekeying({ ms: 10_000 });
    clock.advance(10_000);
    keys.renewed();
    clock.advance(9999);
    expect(begun).toBe(1);
    clock.advance(1);
    expect(begun).toBe(2);
  });

  it('is started after 1 GiB by default, and never by time', () => {
    const keys = rekeying({});
    keys.received(2 ** 30 - 1);
    expect([begun, clock.pending]).toEqual([0, 0]);
    keys.received(1);
    expect(begun).toBe(1);
  });

  it('is not started after the connection has ended', () => {
    const keys = rekeying({ ms: 10_000 });
    keys.end();
    expect(clock.pending).toBe(0);
  });

  it('is started after the maximum delay of a timer at the latest: a longer delay would fire at once', () => {
    rekeying({ ms: 2 ** 40 });
    clock.advance(2 ** 31 - 2);
    expect(begun).toBe(0);
    clock.advance(1);
    expect(begun).toBe(1);
  });
});
