/** Parses the words of each command that opens a session. */
import { SshpoolError } from '../base/errors.ts';
import type { CommandName, ParsedCall } from './call-args.ts';
import { parseExecArgs, parseShellArgs } from './exec-args.ts';
import { parseForwardArgs } from './forward-args.ts';
import { parseSshArgs } from './ssh-args.ts';

const PARSERS: Readonly<Record<CommandName, (words: readonly Buffer[]) => ParsedCall>> = {
  exec: parseExecArgs,
  ssh: parseSshArgs,
  shell: parseShellArgs,
  forward: parseForwardArgs,
};

/** @throws SshpoolError PROTOCOL for an unknown command */
export function commandNamed(name: string): CommandName {
  if (Object.hasOwn(PARSERS, name)) return name as CommandName;
  throw SshpoolError.of('PROTOCOL', { problem: `there is no command ${JSON.stringify(name)}` });
}

/** @throws SshpoolError USAGE, BAD_COMMAND; never for `ssh` */
export function parseCall(command: CommandName, words: readonly Buffer[]): ParsedCall {
  return PARSERS[command](words);
}
