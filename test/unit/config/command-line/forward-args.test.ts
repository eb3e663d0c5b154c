import { expect, it } from 'vitest';
import { parseForwardArgs } from '../../../../src/config/command-line/forward-args.ts';

const words = (...given: string[]): Buffer[] => given.map((word) => Buffer.from(word));

it('reads options, HOST and PATH', () => {
  expect(parseForwardArgs(words('-p', '22', '--', 'box', '/run/a b.sock'))).toMatchObject({
    kind: 'call',
    target: { host: 'box' },
    sshArgs: ['-p', '22'],
    forward: { path: '/run/a b.sock' },
    tty: 'never',
  });
});

it.each([
  [['box'], 'one PATH of one HOST'],
  [[], 'one PATH of one HOST'],
  [['--', 'box', '/a', '/b'], 'one PATH of one HOST'],
  [['--', 'box', 'a.sock'], '"a.sock" is not a socket of a host; write an absolute path'],
  [['--', '-box', '/a'], 'is not a valid HOST'],
  [['-t', 'box', '/a'], '-t is not for sshpool forward'],
])('refuses %j', (given, problem) => {
  expect(() => parseForwardArgs(words(...given))).toThrow(problem);
});
