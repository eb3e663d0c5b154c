import { expect, test } from 'vitest';
import { DIVERSIONS, difference, ownPlace, type Place } from '../../../src/base/place.ts';

const here: Place = { surroundings: ['net:[1]', 'mnt:[1]', '1 2'], diversions: [] };

test('a process has the same place as itself', () => {
  expect(difference(ownPlace({}), ownPlace({ PATH: '/bin', LD_PRELOAD: '' }))).toBeUndefined();
});

test.each([
  ['network namespace', ['net:[2]', 'mnt:[1]', '1 2']],
  ['mount namespace', ['net:[1]', 'mnt:[2]', '1 2']],
  ['root directory', ['net:[1]', 'mnt:[1]', '1 3']],
  ['network namespace', []],
])('another %s is reported', (what, surroundings) => {
  expect(difference(here, { surroundings, diversions: [] })).toBe(
    `this call comes from another ${what} than the agent`,
  );
});

test.each(DIVERSIONS)('%s is reported', (name) => {
  const { diversions } = ownPlace({ [name]: '/lib/x.so' });
  expect(diversions).toEqual([name]);
  expect(difference(here, { ...here, diversions })).toContain(`${name} is set`);
});
