import { describe, expect, it } from 'vitest';
import { seeded } from '../../support/random.ts';

const many = (seed: number, count = 1000): number[] => {
  const random = seeded(seed);
  return Array.from({ length: count }, random);
};

describe('random numbers from a seed', () => {
  it('are the same for the same seed, and different for another', () => {
    expect(many(7)).toEqual(many(7));
    expect(many(7)).not.toEqual(many(8));
  });

  it('are spread from 0 to 1', () => {
    const numbers = many(7);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThan(1);
    const mean = numbers.reduce((sum, number) => sum + number) / numbers.length;
    expect(mean).toBeCloseTo(0.5, 1);
  });
});
