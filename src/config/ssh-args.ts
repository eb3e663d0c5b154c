/**
 * The whole command line of ssh(1), read as ssh.c does. What is one session is ours; whatever else
 * there is, and whatever is wrong, is for ssh itself.
 */
import { SshpoolError } from '../base/errors.ts';
import type { CallArgs, Forward, ParsedCall } from './call-args.ts';
import { commandOf, flagsOf } from './exec-args.ts';
import { decodeWord, scanOptions, type GivenOption, type OptionSpec } from './options.ts';
import { parsePort, parseTarget } from './target.ts';

/** Options of the connection, for `ssh -G` to make sense of: without and with a value. */
const CONNECTION = { flags: '246AaCKkx', valued: 'BbcFIiJlmop' };
/** Options of the one session. */
const SESSION = { flags: 'nqsTtv', valued: 'eW' };
/**
 * Options of ssh itself: forwardings, the background, questions about ssh; -g only matters to them, and
 * -P takes a value in some versions only.
 */
const DELEGATED = { flags: '1fGgMNPVXYy', valued: 'DELOQRSw' };

const spec = (letter: string, more: Partial<OptionSpec>): OptionSpec => ({
  name: `-${letter}`,
  text: '',
  ...more,
});
const specs = ({ flags, valued }: typeof SESSION, more: Partial<OptionSpec> = {}): OptionSpec[] => [
  ...Array.from(flags, (letter) => spec(letter, more)),
  ...Array.from(valued, (letter) => spec(letter, { ...more, value: 'VALUE' })),
];

const DELEGATED_SPECS = specs(DELEGATED);
const SSH = {
  command: 'ssh',
  specs: [...specs(CONNECTION, { ssh: true }), ...specs(SESSION), ...DELEGATED_SPECS],
};

const DELEGATE: ParsedCall = { kind: 'delegate' };

/** Reads the words after `ssh`. Throws nothing: what ssh would refuse, it refuses itself. */
export function parseSshArgs(words: readonly Buffer[]): ParsedCall {
  try {
    return parse(words);
  } catch (thrown) {
    if (thrown instanceof SshpoolError) return DELEGATE;
    throw thrown;
  }
}

function parse(words: readonly Buffer[]): ParsedCall {
  const before = scanOptions(words, 0, SSH);
  const host = words[before.next];
  if (host === undefined) return DELEGATE;
  const afterHost = before.next + 1;
  const after = before.terminated
    ? { given: [], next: afterHost }
    : scanOptions(words, afterHost, SSH);
  const given = [...before.given, ...after.given];
  const command = commandOf(words.slice(after.next));
  const subsystem = has(given, '-s');
  const forward = given.findLast(({ spec: { name } }) => name === '-W')?.value;
  const contradicts =
    forward === undefined ? subsystem && command.length === 0 : command.length > 0;
  if (contradicts || given.some((option) => DELEGATED_SPECS.includes(option.spec))) return DELEGATE;
  const call: CallArgs = {
    kind: 'call',
    target: parseTarget(decodeWord(host)),
    ...flagsOf(given),
    command,
    subsystem,
  };
  if (forward === undefined) return call;
  const to = parseForward(forward);
  return to ? { ...call, forward: to, tty: 'never' } : DELEGATE;
}

function has(given: readonly GivenOption[], name: string): boolean {
  return given.some((option) => option.spec.name === name);
}

/** HOST:PORT or [HOST]:PORT; undefined for anything else. */
function parseForward(text: string): Forward | undefined {
  const [, bracketed, plain, digits = ''] = /^(?:\[([^\]]+)\]|([^:/]+)):(\d+)$/.exec(text) ?? [];
  const [host, port] = [bracketed ?? plain, parsePort(digits)];
  return host === undefined || port === undefined ? undefined : { host, port };
}
