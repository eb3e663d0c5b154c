import { describe, expect, it } from 'vitest';
import { parseShellArgs } from '../../../../src/config/command-line/exec-args.ts';

const parse = (...texts: readonly string[]) =>
  parseShellArgs(texts.map((text) => Buffer.from(text)));

describe('sshpool shell', () => {
  it('requests a login shell in a terminal', () => {
    expect(parse('-p', '22', 'box')).toMatchObject({
      kind: 'call',
      target: { host: 'box' },
      sshArgs: ['-p', '22'],
      tty: 'request',
      command: Buffer.alloc(0),
    });
  });

  it('accepts options after the host, too', () => {
    expect(parse('box', '-e', 'none')).toMatchObject({ escape: 'none' });
  });

  it('shows help', () => {
    expect(parse('--help')).toEqual({ kind: 'help' });
  });

  it.each([
    [[], 'no HOST'],
    [['box', 'ls'], '"ls" after HOST; a command is for sshpool exec -t HOST CMD'],
    [['-t', 'box'], '-t is not for sshpool shell'],
    [['-e', 'ab', 'box'], '-e "ab" is not an escape character'],
  ] as const)('refuses %j', (texts, message) => {
    expect(() => parse(...texts)).toThrow(message);
  });
});
