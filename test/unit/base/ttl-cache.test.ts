import { expect, test } from 'vitest';
import { TtlCache } from '../../../src/base/ttl-cache.ts';
import { FakeClock } from '../../support/clock.ts';

test('a value expires after its time to live', () => {
  const clock = new FakeClock();
  const memory = new TtlCache<number>(clock, { lifeMs: 1000, max: 10 });
  memory.set('a', 1);
  clock.advance(999);
  expect(memory.get('a')).toBe(1);
  clock.advance(1);
  expect(memory.get('a')).toBeUndefined();
});

test('a value that is set again gets a new time to live', () => {
  const clock = new FakeClock();
  const memory = new TtlCache<number>(clock, { lifeMs: 1000, max: 10 });
  memory.set('a', 1);
  clock.advance(600);
  memory.set('a', 2);
  clock.advance(600);
  expect(memory.get('a')).toBe(2);
});

test('beyond the maximum the oldest value is removed', () => {
  const memory = new TtlCache<number>(new FakeClock(), { lifeMs: 1000, max: 2 });
  memory.set('a', 1);
  memory.set('b', 2);
  memory.set('a', 3);
  memory.set('c', 4);
  expect(['a', 'b', 'c'].map((key) => memory.get(key))).toEqual([3, undefined, 4]);
});
