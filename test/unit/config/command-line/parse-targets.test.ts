import { expect, test } from 'vitest';
import { parseTargets } from '../../../../src/config/command-line/exec-args.ts';

const words = (...texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text));
const hosts = (...texts: readonly string[]): string[] =>
  parseTargets(words(...texts)).targets.map(({ text }) => text);

test('options and hosts may stand in any order', () => {
  expect(parseTargets(words('-p', '22', 'a', '-qv', 'b'))).toMatchObject({
    sshArgs: ['-p', '22'],
    targets: [{ host: 'a' }, { host: 'b' }],
    quiet: true,
    verbose: 1,
    help: false,
  });
});

test('after "--" every word is a host', () => {
  expect(hosts('--', 'a', 'b')).toEqual(['a', 'b']);
});

test('a word that looks like an option is not a valid host after "--" either', () => {
  expect(() => hosts('--', '-n')).toThrow(/is not a valid HOST/);
});

test('no host is an error', () => {
  expect(() => parseTargets([])).toThrow(
    /^no HOST; the form is: sshpool warm \[options\] HOST\.\.\.$/,
  );
});

test('help needs no host', () => {
  expect(parseTargets(words('--help'))).toMatchObject({ help: true, targets: [] });
});

test('an option of another command is refused, and the error names this command', () => {
  expect(() => parseTargets(words('-n', 'a'), 'sshpool close')).toThrow(
    /^-n is not for sshpool close/,
  );
});
