import { describe, expect, it } from 'vitest';
import {
  controlOptions,
  sharesNothing,
} from '../../../../src/config/ssh-config/control-options.ts';

const read = (printed: Readonly<Record<string, string>>) =>
  controlOptions((name) => printed[name], '/cwd');

describe('the options of a master', () => {
  it('are empty if ssh reports none', () => {
    expect(read({ controlmaster: 'false', controlpersist: 'no' })).toEqual({
      controlPath: undefined,
      controlMaster: 'no',
      controlPersistMs: 0,
    });
  });

  it('have an absolute path and a time', () => {
    expect(read({ controlpath: 'cm', controlmaster: 'auto', controlpersist: '60' })).toEqual({
      controlPath: '/cwd/cm',
      controlMaster: 'auto',
      controlPersistMs: 60_000,
    });
  });

  it('may have no time limit', () => {
    expect(read({ controlpersist: 'yes', controlmaster: 'true' })).toMatchObject({
      controlMaster: 'yes',
      controlPersistMs: Infinity,
    });
  });
});

describe('ControlPath none on the command line', () => {
  it.each([
    ['-o', 'ControlPath=none'],
    ['-o', 'controlpath none'],
    ['-o', ' ControlPath = "none" '],
    ['-o', 'ControlPath=none', '-o', 'ControlPath=/x'],
  ])('is found in %s %s', (...words) => {
    expect(sharesNothing(words)).toBe(true);
  });

  it.each([
    ['-o', 'ControlPath=/x'],
    ['-o', 'ControlPath=/x', '-o', 'ControlPath=none'],
    ['-i', 'ControlPath=none'],
    ['-o', 'ControlMaster=none'],
  ])('is not found in %s %s', (...words) => {
    expect(sharesNothing(words)).toBe(false);
  });
});
