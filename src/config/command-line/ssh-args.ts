/** Parses the command line of ssh(1) as ssh.c does. All but a single session, and errors, are for ssh. */
import { SshpoolError } from '../../base/errors.ts';
import type { CallArgs, Control, Forward, ParsedCall } from './call-args.ts';
import { commandOf, flagsOf } from './exec-args.ts';
import { decodeWord, scanHost, type GivenOption, type OptionSpec } from './options.ts';
import { parsePort, parseTarget } from './target.ts';

/** Options for `ssh -G`, without and with a value. */
const CONNECTION = { flags: '246AaCKkx', valued: 'BbcFIiJlmop' };
const SESSION = { flags: 'nqsTt', valued: 'EeOSW' };
/** For ssh itself. -g only affects forwardings, and -P takes a value in some versions only. */
const DELEGATED = { flags: '1fGgMNPVvXYy', valued: 'DLQRw' };

const specOf = (letter: string, more: Partial<OptionSpec>): OptionSpec => ({
  name: `-${letter}`,
  text: '',
  ...more,
});
const specs = ({ flags, valued }: typeof SESSION, more: Partial<OptionSpec> = {}): OptionSpec[] => [
  ...Array.from(flags, (letter) => specOf(letter, more)),
  ...Array.from(valued, (letter) => specOf(letter, { ...more, value: 'VALUE' })),
];

const DELEGATED_SPECS = specs(DELEGATED);
const SSH = {
  command: 'ssh',
  specs: [...specs(CONNECTION, { ssh: true }), ...specs(SESSION), ...DELEGATED_SPECS],
};

const DELEGATE: ParsedCall = { kind: 'delegate' };

/** Never throws: ssh itself reports errors. */
export function parseSshArgs(words: readonly Buffer[]): ParsedCall {
  try {
    return parse(words);
  } catch (thrown) {
    if (thrown instanceof SshpoolError) return DELEGATE;
    throw thrown;
  }
}

function parse(words: readonly Buffer[]): ParsedCall {
  const { given, host, rest } = scanHost(words, SSH);
  if (host === undefined) return DELEGATE;
  const command = commandOf(rest);
  const subsystem = has(given, '-s');
  const forward = last(given, '-W');
  const contradicts =
    forward === undefined ? subsystem && command.length === 0 : command.length > 0;
  const order = last(given, '-O');
  const control = CONTROLS.find((known) => known === order);
  const isUnknown = order !== control || last(given, '-S') === '' || last(given, '-E') === '';
  const isForSsh = given.some((option) => DELEGATED_SPECS.includes(option.spec));
  if (contradicts || isUnknown || isForSsh) return DELEGATE;
  const flags = flagsOf(given);
  const call: CallArgs = {
    kind: 'call',
    target: parseTarget(decodeWord(host)),
    ...flags,
    sshArgs: [...controlPath(given), ...flags.sshArgs],
    command,
    subsystem,
    log: last(given, '-E'),
    control,
  };
  if (forward === undefined) return call;
  const to = parseForward(forward);
  return to ? { ...call, forward: to, tty: 'never' } : DELEGATE;
}

const CONTROLS: readonly Control[] = ['check', 'exit', 'stop'];

/** -S goes before every ControlPath (ssh.c), as the first option does. Quoted for argv_split (misc.c). */
function controlPath(given: readonly GivenOption[]): string[] {
  const path = last(given, '-S');
  if (path === undefined) return [];
  return ['-o', `ControlPath="${path.replace(/["\\]/g, String.raw`\$&`)}"`];
}

function last(given: readonly GivenOption[], name: string): string | undefined {
  return given.findLast(({ spec }) => spec.name === name)?.value;
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
