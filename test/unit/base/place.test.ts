import { expect, test } from 'vitest';
import { difference, ownPlace, type Place } from '../../../src/base/place.ts';

const here: Place = { surroundings: ['net:[1]', 'mnt:[1]', '1 2'], preloads: [] };

test('a process is where it is itself', () => {
  expect(difference(ownPlace({}), ownPlace({ PATH: '/bin', LD_PRELOAD: '' }))).toBeUndefined();
});

test.each([
  ['network namespace', ['net:[2]', 'mnt:[1]', '1 2']],
  ['mount namespace', ['net:[1]', 'mnt:[2]', '1 2']],
  ['root directory', ['net:[1]', 'mnt:[1]', '1 3']],
  ['network namespace', []],
])('another %s is told', (what, surroundings) => {
  expect(difference(here, { surroundings, preloads: [] })).toBe(
    `this call comes from another ${what} than the agent`,
  );
});

test.each(['LD_PRELOAD', 'LD_AUDIT', 'DYLD_INSERT_LIBRARIES'])('%s is told', (name) => {
  const { preloads } = ownPlace({ [name]: '/lib/x.so' });
  expect(preloads).toEqual([name]);
  expect(difference(here, { ...here, preloads })).toContain(`${name} is set`);
});
