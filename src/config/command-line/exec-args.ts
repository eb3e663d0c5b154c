/** Parses the words of `sshpool exec`. On the hot path: imports nothing heavy and reads no file. */
import { SshpoolError } from '../../base/errors.ts';
import { usageError } from '../../base/usage-errors.ts';
import { parseDuration } from '../../base/time.ts';
import type { CallArgs, ParsedCall, TtyWish } from './call-args.ts';
import { parseEscapeChar } from './escape-char.ts';
import { decodeWord, scanHost, scanOptions } from './options.ts';
import type { GivenOption, OptionSet, OptionSpec } from './options.ts';
import { checkUser, parsePort, parseTarget, type Target } from './target.ts';

/** The options of `sshpool exec`, in the order in which help shows them. */
export const EXEC_OPTIONS = [
  { name: '-F', value: 'FILE', text: 'ssh configuration file to use', ssh: true },
  { name: '-l', value: 'USER', text: 'user to log in as', ssh: true },
  { name: '-p', value: 'PORT', text: 'port to connect to', ssh: true },
  { name: '-i', value: 'FILE', text: 'identity (private key) file', ssh: true },
  { name: '-J', value: 'HOST', text: 'jump host, or several separated by commas', ssh: true },
  { name: '-o', value: 'OPTION=VALUE', text: 'any option of ssh_config(5)', ssh: true },
  { name: '-4', text: 'use IPv4 addresses only', ssh: true },
  { name: '-6', text: 'use IPv6 addresses only', ssh: true },
  { name: '-A', text: 'forward the key agent', ssh: true },
  { name: '-a', text: 'do not forward the key agent', ssh: true },
  { name: '-n', text: 'do not read standard input' },
  { name: '-t', text: 'ask for a terminal; -tt even without a local one' },
  { name: '-T', text: 'never ask for a terminal' },
  { name: '-e', value: 'CHAR', text: 'escape character in a terminal (~), or none' },
  { name: '-q', text: 'no messages but errors' },
  { name: '-v', text: 'say what is happening; more with -vv' },
  { name: '--timeout', value: 'DURATION', text: 'end the command after 30s, 2m, ... (status 124)' },
  { name: '--fresh', text: 'use a new connection, not one of the pool' },
  { name: '--json', text: 'print the result as one JSON object' },
  { name: '--help', alias: '-h', text: 'show this help' },
] as const satisfies readonly OptionSpec[];

type Name = (typeof EXEC_OPTIONS)[number]['name'];

/** ssh's packet limit (PACKET_MAX_SIZE, 256 KiB) minus room for the rest of the request. */
export const COMMAND_MAX_BYTES = 256 * 1024 - 1024;

const EXEC: OptionSet = { command: 'sshpool exec', specs: EXEC_OPTIONS };
const SYNTAX = 'sshpool exec [options] HOST [--] CMD [ARG...]';

/** Options may stand between HOST and the command (ssh(1)). @throws SshpoolError USAGE, BAD_COMMAND */
export function parseExecArgs(words: readonly Buffer[]): ParsedCall {
  const { given, host, rest: command } = scanHost(words, EXEC);
  if (asksForHelp(given)) return { kind: 'help' };
  if (host === undefined) throw usageError('MISSING', { what: 'HOST', syntax: SYNTAX });
  const target = parseTarget(decodeWord(host));
  if (command.length === 0) {
    throw usageError('MISSING', { what: 'command', syntax: SYNTAX });
  }
  const flags = flagsOf(given);
  if (flags.json && (flags.tty === 'request' || flags.tty === 'force')) {
    throw usageError('JSON_AND_TERMINAL', {});
  }
  return { kind: 'call', target, ...flags, command: commandOf(command) };
}

export const SHELL_OPTIONS: readonly OptionSpec[] = EXEC_OPTIONS.filter(
  ({ name }) => !['-n', '-t', '-T', '--timeout', '--json'].includes(name),
);

/** @throws SshpoolError USAGE */
export function parseShellArgs(words: readonly Buffer[]): ParsedCall {
  const set = { command: 'sshpool shell', specs: SHELL_OPTIONS };
  const syntax = 'sshpool shell [options] HOST';
  const { given, host, rest } = scanHost(words, set);
  if (asksForHelp(given)) return { kind: 'help' };
  if (host === undefined) throw usageError('MISSING', { what: 'HOST', syntax });
  const [more] = rest;
  if (more !== undefined) throw usageError('SHELL_COMMAND', { word: more.toString() });
  const target = parseTarget(decodeWord(host));
  return { kind: 'call', target, ...flagsOf(given), tty: 'request', command: commandOf([]) };
}

/** Of a command such as `sshpool warm`; with `help`, `targets` may be empty. */
export interface TargetArgs {
  readonly sshArgs: readonly string[];
  readonly targets: readonly Target[];
  readonly quiet: boolean;
  readonly verbose: number;
  readonly help: boolean;
}

const CONNECTION_NAMES: ReadonlySet<Name> = new Set(['-q', '-v', '--help']);

export const CONNECTION_OPTIONS: readonly OptionSpec[] = EXEC_OPTIONS.filter(
  (spec) => 'ssh' in spec || CONNECTION_NAMES.has(spec.name),
);

/** Options and hosts may mix, up to a `--`. @throws SshpoolError USAGE, also without a HOST */
export function parseTargets(words: readonly Buffer[], command = 'sshpool warm'): TargetArgs {
  const given: GivenOption[] = [];
  const hosts: Buffer[] = [];
  let next = 0;
  while (next < words.length) {
    const scan = scanOptions(words, next, { command, specs: CONNECTION_OPTIONS });
    given.push(...scan.given);
    const end = scan.terminated ? words.length : scan.next + 1;
    hosts.push(...words.slice(scan.next, end));
    next = end;
  }
  const help = asksForHelp(given);
  if (hosts.length === 0 && !help) {
    throw usageError('MISSING', { what: 'HOST', syntax: `${command} [options] HOST...` });
  }
  const { sshArgs, quiet, verbose } = flagsOf(given);
  const targets = hosts.map((host) => parseTarget(decodeWord(host)));
  return { sshArgs, targets, quiet, verbose, help };
}

type Flags = Omit<CallArgs, 'kind' | 'target' | 'command'>;

export function flagsOf(given: readonly GivenOption[]): Flags {
  const timeouts = given.filter(({ spec }) => spec.name === ('--timeout' satisfies Name));
  return {
    sshArgs: given.flatMap(sshWords),
    stdin: count(given, '-n') === 0,
    tty: ttyOf(given),
    subsystem: false,
    forward: undefined,
    log: undefined,
    control: undefined,
    escape: given
      .filter(({ spec }) => spec.name === ('-e' satisfies Name))
      .map(escapeOf)
      .at(-1),
    quiet: count(given, '-q') > 0,
    verbose: count(given, '-v'),
    // The last one counts, so that it overrides a wrapper's default.
    timeoutMs: timeouts.map(({ value }) => timeoutOf(value)).at(-1),
    fresh: count(given, '--fresh') > 0,
    json: count(given, '--json') > 0,
  };
}

function count(given: readonly GivenOption[], name: Name): number {
  return given.filter(({ spec }) => spec.name === name).length;
}

function asksForHelp(given: readonly GivenOption[]): boolean {
  return count(given, '--help') > 0;
}

function sshWords({ spec, value }: GivenOption): string[] {
  if (spec.ssh !== true) return [];
  if (spec.value === undefined) return [spec.name];
  if (value === '') throw usageError('NEEDS_VALUE', { option: spec.name });
  if (spec.name === '-l') checkUser(value, `${value}@`);
  if (spec.name === '-p' && parsePort(value) === undefined) {
    throw usageError('BAD_PORT', { port: value });
  }
  return [spec.name, value];
}

/** ssh.c: the options count in their order, and only a second -t forces. */
function ttyOf(given: readonly GivenOption[]): TtyWish {
  return given.reduce<TtyWish>((tty, { spec }) => {
    if (spec.name === '-T') return 'never';
    if (spec.name !== '-t') return tty;
    return tty === 'request' || tty === 'force' ? 'force' : 'request';
  }, 'default');
}

function escapeOf({ value }: GivenOption): string {
  if (parseEscapeChar(value) === undefined) throw usageError('BAD_ESCAPE', { value });
  return value;
}

function timeoutOf(value: string): number {
  const ms = parseDuration(value);
  if (ms === undefined) throw usageError('BAD_TIMEOUT', { value });
  return ms;
}

const SPACE = Buffer.from(' ');

/** @throws SshpoolError BAD_COMMAND for a command that cannot be sent */
export function commandOf(words: readonly Buffer[]): Buffer {
  const parts = words.flatMap((word, index) => (index === 0 ? [word] : [SPACE, word]));
  const command = Buffer.concat(parts);
  // A server written in C would run only the part before the NUL: a different command.
  if (command.includes(0)) throw SshpoolError.of('BAD_COMMAND', { problem: 'it holds a NUL' });
  if (command.length <= COMMAND_MAX_BYTES) return command;
  const problem = `it has ${command.length} bytes and ssh takes ${COMMAND_MAX_BYTES}`;
  throw SshpoolError.of('BAD_COMMAND', { problem });
}
