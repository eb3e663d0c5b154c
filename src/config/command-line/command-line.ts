/** The commands that open a session, and how the calls of each are made. */
import { SshpoolError } from '../../base/errors.ts';
import type { CommandName, ParsedCall } from './call-args.ts';
import { parseExecArgs, parseShellArgs } from './exec-args.ts';
import { parseForwardArgs } from './forward-args.ts';
import { parseSshArgs } from './ssh-args.ts';

export interface CallCommand {
  /** @throws SshpoolError USAGE, BAD_COMMAND; never for `ssh` */
  readonly parse: (words: readonly Buffer[]) => ParsedCall;
  /** Ends as ssh does: status 255 for a signal, ssh's last line, no signal for a command that is left. */
  readonly isExact: boolean;
  /** Fails in ssh's words, and leaves to ssh all that the pool cannot do. */
  readonly isSsh: boolean;
}

export const CALL_COMMANDS: Readonly<Record<CommandName, CallCommand>> = {
  exec: { parse: parseExecArgs, isExact: false, isSsh: false },
  ssh: { parse: parseSshArgs, isExact: true, isSsh: true },
  shell: { parse: parseShellArgs, isExact: true, isSsh: false },
  forward: { parse: parseForwardArgs, isExact: true, isSsh: false },
};

/** @throws SshpoolError PROTOCOL for an unknown command */
export function commandNamed(name: string): CallCommand {
  if (Object.hasOwn(CALL_COMMANDS, name)) return CALL_COMMANDS[name as CommandName];
  throw SshpoolError.of('PROTOCOL', { problem: `there is no command ${JSON.stringify(name)}` });
}
