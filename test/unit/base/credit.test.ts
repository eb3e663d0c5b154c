import { array, assert, boolean, nat, property, record } from 'fast-check';
import { expect, it } from 'vitest';
import { Credit } from '../../../src/base/credit.ts';

it('a credit is what was granted less what was spent', () => {
  const steps = array(record({ grant: nat(1000), spends: boolean() }));
  assert(
    property(nat(1000), steps, (first, each) => {
      const credit = new Credit(first);
      let spent = 0;
      for (const { grant, spends } of each) {
        credit.grant(grant);
        if (!spends) continue;
        spent += credit.left;
        credit.spend(credit.left);
      }
      const granted = each.reduce((sum, { grant }) => sum + grant, first);
      expect(credit.left).toBe(granted - spent);
    }),
  );
});

it('a credit does not let more be spent than is left', () => {
  const credit = new Credit(10);
  credit.spend(4);
  expect(() => credit.spend(7)).toThrow(RangeError);
  expect(credit.left).toBe(6);
});
