import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { SshpoolError } from '../../../../src/base/errors.ts';
import type { CallArgs } from '../../../../src/config/command-line/call-args.ts';
import {
  COMMAND_MAX_BYTES,
  EXEC_OPTIONS,
  parseExecArgs,
} from '../../../../src/config/command-line/exec-args.ts';

const words = (...texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text));

function parse(...texts: readonly string[]): CallArgs {
  const parsed = parseExecArgs(words(...texts));
  if (parsed.kind !== 'call') throw new Error('it asks for help');
  return parsed;
}

const message = (...texts: readonly string[]): string => {
  try {
    parse(...texts);
  } catch (error) {
    if (error instanceof SshpoolError) return `${error.exitCode} ${error.message}`;
    throw error;
  }
  return 'no error';
};

test('a host and a command are sufficient', () => {
  expect(parse('web', 'ls')).toEqual({
    kind: 'call',
    subsystem: false,
    forward: undefined,
    escape: undefined,
    target: { text: 'web', host: 'web' },
    sshArgs: [],
    command: Buffer.from('ls'),
    stdin: true,
    tty: 'default',
    quiet: false,
    verbose: 0,
    timeoutMs: undefined,
    fresh: false,
    json: false,
  });
});

test('words of the command are joined with single spaces', () => {
  expect(parse('web', 'echo', 'a  b', '', 'c').command.toString()).toBe('echo a  b  c');
});

test('options for ssh keep their order, each value in a word of its own', () => {
  const { sshArgs } = parse('-p22', '-oA=b', '-4', '-l', 'u', 'web', '-A', '-i', 'k', 'ls');
  expect(sshArgs).toEqual(['-p', '22', '-o', 'A=b', '-4', '-l', 'u', '-A', '-i', 'k']);
});

test('bundled letters may end with an option that takes a value', () => {
  expect(parse('-nqp22', 'web', 'ls')).toMatchObject({
    stdin: false,
    quiet: true,
    sshArgs: ['-p', '22'],
  });
});

test('the next word is the value even where it begins with a dash', () => {
  expect(parse('-i', '-key', 'web', 'ls').sshArgs).toEqual(['-i', '-key']);
});

test('options may stand between the host and the command', () => {
  expect(parse('web', '-n', '-v', 'ls', '-n')).toMatchObject({ stdin: false, verbose: 1 });
});

test('options after the first word of the command belong to it', () => {
  expect(parse('web', 'ls', '-n', '--json').command.toString()).toBe('ls -n --json');
});

test('"--" after the host ends the options and is not sent', () => {
  expect(parse('web', '--', '-x').command.toString()).toBe('-x');
});

test('a word after "--" that looks like an option is the command', () => {
  expect(parse('--', 'web', '-x').command.toString()).toBe('-x');
});

test('a second "--" is a word of the command, as for ssh', () => {
  expect(parse('--', 'web', '--', 'ls').command.toString()).toBe('-- ls');
});

test('-q and -v do not go to ssh', () => {
  expect(parse('-qvvv', 'web', 'ls')).toMatchObject({ quiet: true, verbose: 3, sshArgs: [] });
});

test.each([
  [['-t'], 'request'],
  [['-tt'], 'force'],
  [['-t', '-t'], 'force'],
  [['-ttt'], 'force'],
  [['-T'], 'never'],
  [['-tt', '-T'], 'never'],
  [['-T', '-t'], 'request'],
])('%j asks for the terminal: %s', (options, tty) => {
  expect(parse(...options, 'web', 'ls').tty).toBe(tty);
});

test.each([
  [['--timeout', '30s'], 30_000],
  [['--timeout=500ms'], 500],
  [['--timeout=1h', '--timeout=2'], 2_000],
])('%j is %i ms', (options, ms) => {
  expect(parse(...options, 'web', 'ls').timeoutMs).toBe(ms);
});

test('--fresh and --json take no value', () => {
  expect(parse('--fresh', '--json', 'web', 'ls')).toMatchObject({ fresh: true, json: true });
});

test.each([[['--help']], [['-h']], [['-vh']], [['web', '--help']]])('%j asks for help', (texts) => {
  expect(parseExecArgs(words(...texts))).toEqual({ kind: 'help' });
});

test('--help in the command is a word of the command', () => {
  expect(parse('web', 'ls', '--help').command.toString()).toBe('ls --help');
});

test('a single empty word is a command: it means a shell', () => {
  expect(parse('web', '').command).toHaveLength(0);
});

test.each([
  [['--jsn', 'web', 'ls'], '2 unknown option --jsn; did you mean --json?'],
  [['-json', 'web', 'ls'], '2 unknown option -j; did you mean --json?'],
  [['-z', 'web', 'ls'], '2 unknown option -z'],
  [['-L', '1:h:2', 'web', 'ls'], '2 -L is not for sshpool exec; use ssh'],
  [['-N', 'web', 'ls'], '2 -N is not for sshpool exec; use ssh'],
  [['-W', 'h:1', 'web', 'ls'], '2 -W is not for sshpool exec; use ssh'],
  [['-f', 'web', 'ls'], '2 -f is not for sshpool exec; use ssh'],
  [['--json=x', 'web', 'ls'], '2 option --json takes no value'],
  [['-p'], '2 option -p needs a value'],
  [['--timeout'], '2 option --timeout needs a value'],
  [['-F', '', 'web', 'ls'], '2 option -F needs a value'],
  [['-p', 'x', 'web', 'ls'], '2 -p "x" is not a port; a port is a number from 1 to 65535'],
  [['-p', '65536', 'web', 'ls'], '2 -p "65536" is not a port; a port is a number from 1 to 65535'],
  [
    ['--timeout=x', 'web', 'ls'],
    '2 --timeout "x" is not a duration; write 30s, 500ms, 2m or 1h30m',
  ],
  [[], '2 no HOST; the form is: sshpool exec [options] HOST [--] CMD [ARG...]'],
  [['web'], '2 no command; the form is: sshpool exec [options] HOST [--] CMD [ARG...]'],
  [['web', '--'], '2 no command; the form is: sshpool exec [options] HOST [--] CMD [ARG...]'],
])('%j is refused', (texts, expected) => {
  expect(message(...texts)).toBe(expected);
});

test.each([['-'], ['a b'], ['-l', 'a;b', 'web']])(
  '%j is not a valid host or user name',
  (...texts) => {
    expect(message(...texts, 'ls')).toMatch(/^2 /);
  },
);

test('a NUL in the command is refused', () => {
  expect(message('web', 'a\0b')).toBe('255 the command cannot be sent: it holds a NUL');
});

test('the longest command is accepted', () => {
  expect(parse('web', 'x'.repeat(COMMAND_MAX_BYTES)).command).toHaveLength(COMMAND_MAX_BYTES);
});

test('a command one byte longer is refused', () => {
  expect(message('web', 'x'.repeat(COMMAND_MAX_BYTES + 1))).toMatch(
    /^255 the command cannot be sent/,
  );
});

test('an option that is not UTF-8 is refused', () => {
  const bad = [Buffer.from([0x2d, 0x69, 0xff]), ...words('web', 'ls')];
  expect(() => parseExecArgs(bad)).toThrow(expect.objectContaining({ code: 'USAGE' }));
});

const byteWord = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes));
const likelyWord = fc
  .constantFrom(
    'web',
    '-p',
    '22',
    '-nq',
    '--',
    '--timeout',
    '3s',
    '--json=1',
    '-o',
    'A=b',
    '-tt',
    '-h',
    '',
  )
  .map((text) => Buffer.from(text));

function outcome(some: readonly Buffer[]): string {
  try {
    parseExecArgs(some);
    return 'fine';
  } catch (error) {
    if (error instanceof SshpoolError) return error.code;
    throw error;
  }
}

test('any words give a result or an SshpoolError', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(byteWord, likelyWord)), (some) => {
      expect(outcome(some)).toMatch(/^(fine|USAGE|BAD_COMMAND)$/);
    }),
  );
});

test('the bytes of the command stay unchanged', () => {
  const noNul = byteWord.filter((word) => !word.includes(0));
  fc.assert(
    fc.property(fc.array(noNul, { minLength: 1 }), (command) => {
      const parsed = parseExecArgs([...words('web', '--'), ...command]);
      const latin1 = command.map((word) => word.toString('latin1')).join(' ');
      expect(parsed.kind === 'call' && parsed.command.toString('latin1')).toBe(latin1);
    }),
  );
});

test('a parsed call gives the same result when it is written out and parsed again', () => {
  const option = fc.constantFrom(
    ['-p', '22'],
    ['-4'],
    ['-A'],
    ['-o', 'A=b'],
    ['-l', 'u'],
    ['-nq'],
    ['-t'],
    ['-v'],
  );
  fc.assert(
    fc.property(fc.array(option), fc.array(option), (before, after) => {
      const once = parse(...before.flat(), 'u@web', ...after.flat(), 'ls', '-l');
      const flags = [
        ...(once.stdin ? [] : ['-n']),
        ...(once.quiet ? ['-q'] : []),
        ...Array.from({ length: once.verbose }, () => '-v'),
        ...{ default: [], never: ['-T'], request: ['-t'], force: ['-tt'] }[once.tty],
      ];
      const again = parse(
        ...flags,
        ...once.sshArgs,
        once.target.text,
        '--',
        once.command.toString(),
      );
      expect(again).toEqual(once);
    }),
  );
});

test('no two options have the same spelling', () => {
  const spellings = EXEC_OPTIONS.flatMap((spec) =>
    'alias' in spec ? [spec.name, spec.alias] : [spec.name],
  );
  expect(new Set(spellings).size).toBe(spellings.length);
});
