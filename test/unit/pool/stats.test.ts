import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Latency } from '../../../src/pool/stats.ts';

const of = (samples: readonly number[]): Latency => {
  const latency = new Latency();
  for (const sample of samples) latency.add(sample);
  return latency;
};

test('without samples there are no percentiles', () => {
  expect(of([]).percentiles()).toEqual({ count: 0, p50: null, p95: null, p99: null });
});

test('one sample is every percentile', () => {
  expect(of([7.126]).percentiles()).toEqual({ count: 1, p50: 7.13, p95: 7.13, p99: 7.13 });
});

test('percentiles are the nearest ranks', () => {
  const samples = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect(of(samples).percentiles()).toEqual({ count: 100, p50: 50, p95: 95, p99: 99 });
});

test('the latest 1024 samples count', () => {
  const samples = [
    ...Array.from({ length: 1024 }, () => 1000),
    ...Array.from({ length: 1024 }, () => 1),
  ];
  expect(of(samples).percentiles()).toEqual({ count: 2048, p50: 1, p95: 1, p99: 1 });
});

test('at least the given share of the samples is at or below a percentile', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(500), { minLength: 1, maxLength: 200 }), (samples) => {
      const { p50, p95, p99 } = of(samples).percentiles();
      for (const [share, value] of [
        [0.5, p50],
        [0.95, p95],
        [0.99, p99],
      ] as const) {
        const below = samples.filter((sample) => sample <= (value ?? -1)).length;
        expect(below).toBeGreaterThanOrEqual(share * samples.length);
        expect(samples).toContain(value);
      }
    }),
  );
});
