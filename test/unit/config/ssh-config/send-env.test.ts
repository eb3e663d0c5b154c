import { expect, test } from 'vitest';
import { selectEnv, sendEnvNames } from '../../../../src/config/ssh-config/send-env.ts';

test('only names that a pattern matches are sent', () => {
  expect(sendEnvNames(['LANG', 'LC_*'], ['LC_ALL', 'HOME', 'LANG'])).toEqual(['LC_ALL', 'LANG']);
});

test('without patterns nothing is sent', () => {
  expect(sendEnvNames([], ['LANG'])).toEqual([]);
});

test('SetEnv wins over the variable of the environment', () => {
  expect(selectEnv({ sendEnv: ['A'], setEnv: [['A', 'set']] }, { A: 'sent' })).toEqual([
    ['A', 'set'],
  ]);
});

test('the first of two SetEnv for one name counts', () => {
  const setEnv = [
    ['A', '1'],
    ['A', '2'],
  ] as const;
  expect(selectEnv({ sendEnv: [], setEnv }, {})).toEqual([['A', '1']]);
});

test('a variable that is not set is not sent', () => {
  expect(selectEnv({ sendEnv: ['A'], setEnv: [] }, { A: undefined })).toEqual([]);
});

test('at most 128 variables are sent, including those of SetEnv', () => {
  const env = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`V${index}`, 'x']));
  const sent = selectEnv({ sendEnv: ['V*'], setEnv: [['S', '1']] }, env);
  expect(sent).toHaveLength(128);
  expect(sent).toContainEqual(['S', '1']);
});
