import * as fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { CallArgs } from '../../../../src/config/command-line/call-args.ts';
import { parseSshArgs } from '../../../../src/config/command-line/ssh-args.ts';

const words = (...texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text));

function parse(...texts: readonly string[]): CallArgs {
  const parsed = parseSshArgs(words(...texts));
  if (parsed.kind !== 'call') throw new Error(`it is ${parsed.kind}`);
  return parsed;
}

const commandOf = (...texts: readonly string[]): string => parse(...texts).command.toString();

describe('a call that is one session', () => {
  it('may be a command', () => {
    expect(parse('-p', '22', 'me@box', 'echo', 'a  b')).toMatchObject({
      target: { host: 'box', user: 'me' },
      sshArgs: ['-p', '22'],
      command: Buffer.from('echo a  b'),
      subsystem: false,
      forward: undefined,
    });
  });

  it.each([[['box']], [['box', '']]])('may be a shell: %j', (texts) => {
    expect(commandOf(...texts)).toBe('');
  });

  it('may be a subsystem', () => {
    expect(parse('-s', 'box', 'sftp')).toMatchObject({ subsystem: true });
    expect(parse('box', '-s', 'sftp')).toMatchObject({ subsystem: true });
  });

  it.each([
    ['host:22', { host: 'host', port: 22 }],
    ['[::1]:8022', { host: '::1', port: 8022 }],
  ])('may be a stream to %s', (text, forward) => {
    expect(parse('-W', text, 'box')).toMatchObject({ forward, tty: 'never' });
  });
});

describe('options', () => {
  it('of the connection are passed to ssh -G, in their order', () => {
    const given = ['-4', '-C', '-o', 'A=b', '-i', 'key', '-J', 'jump', '-B', 'lo', '-K'];
    expect(parse(...given, 'box', 'ls').sshArgs).toEqual(given);
  });

  it('may come after the host, but not after the command', () => {
    expect(parse('box', '-p', '1', 'ls', '-n')).toMatchObject({
      sshArgs: ['-p', '1'],
      stdin: true,
    });
    expect(commandOf('box', 'ls', '-n')).toBe('ls -n');
  });

  it('end at "--"; the one after the host is not sent', () => {
    expect(commandOf('--', 'box', '--', 'ls')).toBe('-- ls');
    expect(commandOf('box', '--', '-x')).toBe('-x');
  });

  it.each([
    ['-t', 'request'],
    ['-tt', 'force'],
    ['-T', 'never'],
  ])('with %s the terminal is requested: %s', (option, tty) => {
    expect(parse(option, 'box', 'ls')).toMatchObject({ tty });
  });

  it('of the session are -n, -q, -e, -E and -O', () => {
    expect(parse('-nqe', '%', '-E', 'log', '-Ocheck', 'box', 'ls')).toMatchObject({
      stdin: false,
      quiet: true,
      escape: '%',
      log: 'log',
      control: 'check',
    });
  });

  it('have -S before all others, and quoted', () => {
    const { sshArgs } = parse('-oControlPath=x', '-S', String.raw`a"b`, 'box');
    const quoted = String.raw`ControlPath="a\"b"`;
    expect(sshArgs).toEqual(['-o', quoted, '-o', 'ControlPath=x']);
  });
});

describe('a call for ssh itself', () => {
  it.each([
    ...['-N', '-f', '-M', '-V', '-G', '-X', '-Y', '-y', '-g', '-1', '-v'].map((option) => [option]),
    ...['-L', '-R', '-D', '-O', '-Q', '-w'].map((option) => [option, '1']),
  ])('is one with %s', (...option) => {
    expect(parseSshArgs(words(...option, 'box', 'ls'))).toEqual({ kind: 'delegate' });
    expect(parseSshArgs(words('box', ...option, 'ls'))).toEqual({ kind: 'delegate' });
  });

  it.each([
    ['no host'],
    ['an unknown option', '-Z', 'box'],
    ['an option without its value', 'box', '-p'],
    ['an invalid host name', '-- ', 'b;x'],
    ['an invalid port', '-p', 'x', 'box'],
    ['an invalid escape character', '-e', 'abc', 'box'],
    ['a subsystem without a name', '-s', 'box'],
    ['a stream to no port', '-W', 'host', 'box'],
    ['a stream and a command', '-W', 'host:1', 'box', 'ls'],
    ['a long option', '--help'],
  ])('is one with %s', (_what, ...texts) => {
    expect(parseSshArgs(words(...texts))).toEqual({ kind: 'delegate' });
  });
});

test('no arguments cause an exception', () => {
  const word = fc.oneof(
    fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom('-', '--', '-t', '-p', '22', '-o', 'box', 'ssh://h:1', '-W')
      .map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(fc.array(word), (some) => {
      expect(['call', 'delegate']).toContain(parseSshArgs(some).kind);
    }),
  );
});
