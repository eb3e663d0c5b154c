import { describe, expect, it } from 'vitest';
import { KeepAlive } from '../../../../src/ssh/link/keepalive.ts';
import { FakeClock } from '../../../support/clock.ts';

function bench(countMax = 3): {
  clock: FakeClock;
  keepAlive: KeepAlive;
  counts: { asked: number; silent: number };
} {
  const clock = new FakeClock();
  const counts = { asked: 0, silent: 0 };
  const facts = { intervalMs: 15_000, countMax };
  const ask = (): unknown => (counts.asked += 1);
  const keepAlive = new KeepAlive(clock, facts, ask, () => (counts.silent += 1));
  return { clock, keepAlive, counts };
}

describe('a server', () => {
  it('gets a keep-alive after the interval without data, not before', () => {
    const { clock, counts } = bench();
    clock.advance(14_999);
    expect(counts.asked).toBe(0);
    clock.advance(1);
    expect(counts.asked).toBe(1);
  });

  it('gets no keep-alive while it sends data', () => {
    const { clock, keepAlive, counts } = bench();
    for (let i = 0; i < 10; i++) {
      keepAlive.heard();
      clock.advance(15_000);
    }
    expect(counts.asked).toBe(0);
  });

  it('that answers is never lost', () => {
    const { clock, keepAlive, counts } = bench();
    for (let i = 0; i < 100; i++) {
      clock.advance(15_000);
      keepAlive.heard();
    }
    expect(counts.silent).toBe(0);
  });

  it.each([
    [3, 60_000],
    [1, 30_000],
    [0, 15_000],
  ])('that does not answer %i keep-alives is lost after %i ms', (countMax, ms) => {
    const { clock, counts } = bench(countMax);
    clock.advance(ms - 1);
    expect(counts).toEqual({ asked: countMax, silent: 0 });
    clock.advance(1);
    expect(counts).toEqual({ asked: countMax, silent: 1 });
    expect(clock.pending).toBe(0);
  });

  it('gets no keep-alive after the link is closed', () => {
    const { clock, keepAlive, counts } = bench();
    keepAlive.end();
    clock.advance(100_000);
    expect(counts).toEqual({ asked: 0, silent: 0 });
  });
});
