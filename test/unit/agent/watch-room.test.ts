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

test('who waits for room is told so after a second and a half, once', () => {
  watch();
  clock.advance(1499);
  expect(told).toBe(0);
  clock.advance(60_000);
  expect([told, clock.pending]).toEqual([1, 0]);
});

test('who waits for a connect is not', () => {
  isCrowded = false;
  const over = watch();
  clock.advance(60_000);
  expect(told).toBe(0);
  over();
  expect(clock.pending).toBe(0);
});

test('who is served in time is not', () => {
  const over = watch();
  clock.advance(1000);
  over();
  clock.advance(60_000);
  expect([told, clock.pending]).toEqual([0, 0]);
});
