/** The fake clock of other tests. */
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../support/clock.ts';

describe('FakeClock', () => {
  it('runs timers when they are due, in order, each at its own time', () => {
    const clock = new FakeClock();
    const ran: [string, number][] = [];
    const note = (name: string) => (): void => void ran.push([name, clock.monotonic()]);
    clock.after(20, note('late'));
    clock.after(10, note('early'));
    clock.after(10, note('early, set second'));
    clock.after(31, note('never'));
    clock.advance(30);
    expect(ran).toEqual([
      ['early', 10],
      ['early, set second', 10],
      ['late', 20],
    ]);
    expect(clock.monotonic()).toBe(30);
    expect(clock.pending).toBe(1);
  });

  it('also runs timers that another timer sets', () => {
    const clock = new FakeClock();
    let ticks = 0;
    const tick = (): void => {
      ticks += 1;
      clock.after(10, tick);
    };
    clock.after(10, tick);
    clock.advance(35);
    expect(ticks).toBe(3);
  });

  it('does not run a cancelled timer, also if an earlier timer cancels it', () => {
    const clock = new FakeClock();
    const ran: string[] = [];
    clock.after(5, () => second.cancel());
    const second = clock.after(5, () => ran.push('second'));
    clock.after(6, () => ran.push('third')).cancel();
    clock.advance(10);
    expect(ran).toEqual([]);
    expect(clock.pending).toBe(0);
    second.cancel();
  });

  it('jumps the wall clock alone', () => {
    const clock = new FakeClock(1000);
    clock.after(10, () => expect.unreachable());
    clock.jump(60_000);
    expect([clock.now(), clock.monotonic(), clock.pending]).toEqual([61_000, 0, 1]);
    clock.advance(5);
    expect(clock.now()).toBe(61_005);
  });
});
