import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Traffic } from '../../../../src/pool/connection/traffic.ts';
import { FakeClock } from '../../../support/clock.ts';

const KIB = 1024;

/** Whether these packets count as a bulk transfer: each has a size in KiB and a delay in milliseconds. */
function bulkAfter(packets: readonly (readonly [ms: number, kib: number])[]): boolean {
  const clock = new FakeClock();
  const traffic = new Traffic(clock);
  for (const [ms, kib] of packets) {
    clock.advance(ms);
    traffic.add(kib * KIB);
  }
  return traffic.bulk;
}

const steady = (ms: number, kib: number): [number, number][] =>
  Array.from({ length: 200 }, () => [ms, kib]);

test('no traffic is not bulk', () => {
  expect(bulkAfter([])).toBe(false);
});

test.each([
  [8, 32, true], // 4 MiB a second
  [15, 32, true], // 2 MB/s
  [100, 32, true], // 320 KiB/s
  [200, 32, false], // 160 KiB/s
  [1001, 255, false],
])('every %i ms %i KiB: bulk %s', (ms, kib, expected) => {
  expect(bulkAfter(steady(ms, kib))).toBe(expected);
});

test('a connection counts as bulk for one second after the last bulk traffic', () => {
  const clock = new FakeClock();
  const traffic = new Traffic(clock);
  traffic.add(256 * KIB);
  clock.advance(999);
  expect(traffic.bulk).toBe(true);
  clock.advance(1);
  expect(traffic.bulk).toBe(false);
});

test('less than the minimum in total never counts as bulk', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(500), fc.nat(25)), { maxLength: 10 }), (packets) => {
      expect(bulkAfter(packets)).toBe(false);
    }),
  );
});
