import { describe, expect, it } from 'vitest';
import { seeded } from '../../support/random.ts';

const many = (seed: number, count = 1000): number[] => {
  const random = seeded(seed);
  return Array.from({ length: count }, random);
};

describe('chance from a seed', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(many(7)).toEqual(many(7));
    expect(many(7)).not.toEqual(many(8));
  });

  it('is spread from 0 to 1', () => {
    const numbers = many(7);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThan(1);
    const mean = numbers.reduce((sum, number) => sum + number) / numbers.length;
    expect(mean).toBeCloseTo(0.5, 1);
  });
});
