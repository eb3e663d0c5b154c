/** Decides what a call opens, from its arguments and the configuration. Pure. */
import { SshpoolError } from '../base/errors.ts';
import type { CallArgs } from '../config/command-line/call-args.ts';
import { parseEscapeChar } from '../config/command-line/escape-char.ts';
import type { SshOptions } from '../config/ssh-config/options.ts';
import type { Start } from '../ssh/channel/session.ts';
import type { WindowSize } from '../base/window-size.ts';
import type { TerminalRequest } from '../ssh/channel/terminal.ts';
import { decideTty, isTtyDemanded, type TtyDecision } from './tty.ts';

export interface LocalTerminal {
  /** The size of the terminal at standard input; all zero without one. */
  readonly size: WindowSize;
  /** Encoded as RFC 4254 section 8. */
  readonly modes: Buffer;
  readonly stdinIsTerminal: boolean;
  readonly stderrIsTerminal: boolean;
  readonly term: string;
}

export interface WhatToRun {
  readonly start: Pick<Start, 'command' | 'subsystem' | 'terminal' | 'needsTerminal'>;
  readonly tty: TtyDecision;
  readonly stdin: boolean;
  /** The escape character: one byte with a terminal, or empty. */
  readonly escape: Buffer;
}

/** @throws SshpoolError SSH_CONFIG for a command beside RemoteCommand, or a subsystem without a name */
export function whatToRun(args: CallArgs, options: SshOptions, local: LocalTerminal): WhatToRun {
  const printed = (name: string): string | undefined => options.all.get(name)?.[0];
  const command = commandOf(args, options);
  const subsystem = args.subsystem || printed('sessiontype') === 'subsystem';
  if (subsystem && command === undefined) {
    throw SshpoolError.of('SSH_CONFIG', { problem: 'You must specify a subsystem to invoke.' });
  }
  const stdin = args.stdin && printed('stdinnull') !== 'yes';
  const wished = { wish: args.tty, configured: printed('requesttty') };
  const tty = decideTty({
    ...wished,
    hasCommand: command !== undefined,
    stdinIsTerminal: stdin && local.stdinIsTerminal,
  });
  const terminal = tty === 'given' ? terminalOf(local, options) : undefined;
  const escape = terminal && parseEscapeChar(args.escape ?? printed('escapechar') ?? '~');
  const start = { command, subsystem, terminal, needsTerminal: isTtyDemanded(wished) };
  return { start, tty, stdin, escape: escape ?? Buffer.alloc(0) };
}

/** The command of the command line or of RemoteCommand; undefined for the login shell. */
function commandOf(args: CallArgs, { remoteCommand }: SshOptions): Buffer | undefined {
  if (args.command.length === 0) {
    return remoteCommand === undefined ? undefined : Buffer.from(remoteCommand);
  }
  if (remoteCommand === undefined) return args.command;
  const problem = 'Cannot execute command-line and remote command.';
  throw SshpoolError.of('SSH_CONFIG', { problem });
}

/** A TERM of SetEnv becomes the terminal type (clientloop.c). */
function terminalOf({ size, modes, term }: LocalTerminal, { setEnv }: SshOptions): TerminalRequest {
  const set = setEnv.find(([name]) => name === 'TERM')?.[1];
  return { ...size, modes, term: set ?? term };
}
