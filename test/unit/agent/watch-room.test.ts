import { beforeEach, expect, test } from 'vitest';
import { watchRoom } from '../../../src/agent/watch-room.ts';
import { FakeClock } from '../../support/clock.ts';

let clock: FakeClock;
let isCrowded: boolean;
let told: number;

beforeEach(() => {
  clock = new FakeClock();
  [isCrowded, told] = [true, 0];
});

const watch = (): (() => void) =>
  watchRoom({ clock, isCrowded: () => isCrowded }, () => (told += 1));

test('a call that waits for a free session is told so once, after a second and a half', () => {
  watch();
  clock.advance(1499);
  expect(told).toBe(0);
  clock.advance(60_000);
  expect([told, clock.pending]).toEqual([1, 0]);
});

test('a call that waits for a connect is not told', () => {
  isCrowded = false;
  const over = watch();
  clock.advance(60_000);
  expect(told).toBe(0);
  over();
  expect(clock.pending).toBe(0);
});

test('a call that gets its session in time is not told', () => {
  const over = watch();
  clock.advance(1000);
  over();
  clock.advance(60_000);
  expect([told, clock.pending]).toEqual([0, 0]);
});
