/** Calls to a host of the command line: connects while the user can answer, then runs commands. */
import { programVersion } from '../base/version.ts';
import { usageError } from '../base/usage-errors.ts';
import { flagsOf } from '../config/command-line/exec-args.ts';
import {
  decodeWord,
  scanHost,
  type GivenOption,
  type OptionSpec,
} from '../config/command-line/options.ts';
import { parseTarget } from '../config/command-line/target.ts';
import type { RunRemote } from '../hosts/remote.ts';
import { collect } from '../library/collect.ts';
import { startOverAgent } from '../library/over-agent.ts';
import { CommandProcess } from '../library/process.ts';
import { ourPaths, warmHosts } from './agent-call.ts';
import { printError } from './ui.ts';

export interface HostCall {
  readonly host: string;
  /** Options of ssh, then HOST; a command or a socket is appended. */
  readonly words: readonly string[];
  readonly quiet: boolean;
  readonly given: readonly GivenOption[];
  readonly rest: readonly string[];
}

interface Form {
  readonly command: string;
  readonly specs: readonly OptionSpec[];
  readonly syntax: string;
}

/** Reads `[options] HOST [options] [--] ...`; undefined if that asks for help. @throws SshpoolError USAGE */
export function parseHostCall(argv: readonly string[], form: Form): HostCall | undefined {
  const all = argv.map((word) => Buffer.from(word));
  const { given, host: word, rest } = scanHost(all, form);
  if (given.some(({ spec }) => spec.name === '--help')) return undefined;
  if (word === undefined) throw usageError('MISSING', { what: 'HOST', syntax: form.syntax });
  const host = decodeWord(word);
  parseTarget(host);
  const { sshArgs, quiet } = flagsOf(given);
  return {
    host,
    words: [...sshArgs, '--', host],
    quiet,
    given,
    rest: argv.slice(argv.length - rest.length),
  };
}

/** Connects now, while the user can answer; the commands run later cannot ask. Prints why it fails. */
export async function isReached({ host, words, quiet }: HostCall): Promise<boolean> {
  const warmed = await warmHosts(words, host, quiet);
  for (const { error } of warmed) if (error !== null) printError(`sshpool: ${error}`);
  return warmed.every(({ error }) => error === null);
}

const MAX_BYTES = 10 * 1024 * 1024;

export function runOn({ host, words }: HostCall): RunRemote {
  const setting = { paths: ourPaths(), version: programVersion() };
  return async (command) => {
    const started = new CommandProcess({});
    const all = ['-q', '-T', ...words, command].map((word) => Buffer.from(word));
    const { signal } = new AbortController();
    await startOverAgent(started, { command: 'exec', words: all, name: host }, setting, signal);
    return collect(started, MAX_BYTES);
  };
}
