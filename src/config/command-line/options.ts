/** Parses options as getopt(3) does for ssh(1), without knowing which exist and what they mean. */
import type { SshpoolError } from '../../base/errors.ts';
import { usageError } from '../../base/usage-errors.ts';
import { nearest } from './nearest.ts';

/** `value` names the value, if the option takes one; `alias` is a second spelling. */
export interface OptionSpec {
  readonly name: string;
  readonly alias?: string;
  readonly value?: string;
  readonly text: string;
  /** Passed to `ssh -G`, so it affects which connection is used. */
  readonly ssh?: true;
}

/** `value` is '' where the option takes none. */
export interface GivenOption {
  readonly spec: OptionSpec;
  readonly value: string;
}

/** `next` is the first word after the options; `terminated` says that a `--` ended them. */
export interface OptionScan {
  readonly given: readonly GivenOption[];
  readonly next: number;
  readonly terminated: boolean;
}

export interface HostScan {
  readonly given: readonly GivenOption[];
  readonly host: Buffer | undefined;
  readonly rest: readonly Buffer[];
}

export interface OptionSet {
  readonly command: string;
  readonly specs: readonly OptionSpec[];
}

/** The letters that ssh(1) takes (getopt string of ssh.c). */
const SSH_LETTERS = /^-[1246abcefgiklmnopqstvxABCDEFGIJKLMNOPQRSTVwWXYy]$/;

const DASH = 0x2d;

/** @throws SshpoolError USAGE for an unknown option, a missing or needless value, text that is not UTF-8 */
export function scanOptions(
  words: readonly Buffer[],
  start: number,
  options: OptionSet,
): OptionScan {
  const cursor = new Cursor(words, start);
  const given: GivenOption[] = [];
  for (;;) {
    const word = cursor.peek();
    // As in getopt, a single dash is not an option.
    if (word === undefined || word.length < 2 || word[0] !== DASH) {
      return { given, next: cursor.index, terminated: false };
    }
    cursor.take();
    const text = decodeWord(word);
    if (text === '--') return { given, next: cursor.index, terminated: true };
    if (text.startsWith('--')) given.push(longOption(text, cursor, options));
    else given.push(...bundle(text, cursor, options));
  }
}

/** As ssh.c: after `-- HOST` no word is an option, a second `--` is the command's. @throws as scanOptions */
export function scanHost(words: readonly Buffer[], options: OptionSet): HostScan {
  const before = scanOptions(words, 0, options);
  const afterHost = before.next + 1;
  // Help is shown whatever else is wrong.
  const isHelp = before.given.some(({ spec }) => spec.name === '--help');
  const after =
    before.terminated || isHelp
      ? { given: [], next: afterHost }
      : scanOptions(words, afterHost, options);
  const given = [...before.given, ...after.given];
  return { given, host: words[before.next], rest: words.slice(after.next) };
}

/** @throws SshpoolError USAGE for a word that is not UTF-8 or holds a NUL */
export function decodeWord(word: Buffer): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(word);
  } catch (error) {
    throw usageError('NOT_UTF8', { word: word.toString() }, error);
  }
  if (text.includes('\0')) throw usageError('HOLDS_NUL', { word: text });
  return text;
}

class Cursor {
  readonly #words: readonly Buffer[];
  index: number;

  constructor(words: readonly Buffer[], index: number) {
    this.#words = words;
    this.index = index;
  }

  peek(): Buffer | undefined {
    return this.#words[this.index];
  }

  take(): Buffer | undefined {
    const word = this.#words[this.index];
    if (word !== undefined) this.index += 1;
    return word;
  }
}

function longOption(text: string, cursor: Cursor, options: OptionSet): GivenOption {
  const equals = text.indexOf('=');
  const name = equals < 0 ? text : text.slice(0, equals);
  const spec = find(name, options);
  if (spec === undefined) throw unknown(name, name, options);
  if (equals < 0) return { spec, value: spec.value === undefined ? '' : valueOf(name, cursor) };
  if (spec.value !== undefined) return { spec, value: text.slice(equals + 1) };
  throw usageError('TAKES_NO_VALUE', { option: name });
}

/** `-nqp22`: letters without values, then perhaps one whose value is the rest or the next word. */
function bundle(text: string, cursor: Cursor, options: OptionSet): GivenOption[] {
  const given: GivenOption[] = [];
  let rest = text.slice(1);
  for (const letter of rest) {
    rest = rest.slice(letter.length);
    const name = `-${letter}`;
    const spec = find(name, options);
    if (spec === undefined) throw unknown(name, text, options);
    if (spec.value !== undefined) {
      given.push({ spec, value: rest === '' ? valueOf(name, cursor) : rest });
      break;
    }
    given.push({ spec, value: '' });
  }
  return given;
}

/** The next word, whatever it looks like: `-l -x` makes "-x" the value, as getopt does. */
function valueOf(name: string, cursor: Cursor): string {
  const word = cursor.take();
  if (word !== undefined) return decodeWord(word);
  throw usageError('NEEDS_VALUE', { option: name });
}

function find(name: string, options: OptionSet): OptionSpec | undefined {
  return options.specs.find((spec) => spec.name === name || spec.alias === name);
}

function unknown(name: string, word: string, options: OptionSet): SshpoolError {
  const long = options.specs.map((spec) => spec.name).filter((each) => each.startsWith('--'));
  // `-json` is a typo for --json; a single letter has no near candidate.
  const meant = word.length > 2 ? nearest(word, long) : undefined;
  if (SSH_LETTERS.test(name) && meant === undefined) {
    return usageError('OPTION_OF_SSH', { option: name, command: options.command });
  }
  return usageError('UNKNOWN_OPTION', { option: printable(name), meant });
}

/** Control characters would reach the terminal with the message. */
function printable(text: string): string {
  return /^[\p{L}\p{N}\p{P}\p{S}]+$/u.test(text) ? text : JSON.stringify(text);
}
