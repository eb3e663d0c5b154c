/** The arguments of a call, the same for all commands. */
import type { Target } from './target.ts';

/** The commands that open a session. */
export type CommandName = 'exec' | 'ssh' | 'shell' | 'forward';

/** The destination of a stream, which replaces a command: a port (-W), or a unix socket of the host. */
export type Forward = { readonly host: string; readonly port: number } | { readonly path: string };

export interface CallArgs {
  readonly kind: 'call';
  readonly target: Target;
  /** Options for `ssh -G`, in the order given, each value in a word of its own. */
  readonly sshArgs: readonly string[];
  /** The words of the command, joined with single spaces; empty for the login shell. */
  readonly command: Buffer;
  /** `command` is the name of a subsystem (-s). */
  readonly subsystem: boolean;
  readonly forward: Forward | undefined;
  /** False with -n. */
  readonly stdin: boolean;
  readonly tty: TtyWish;
  /** The value of -e. */
  readonly escape: string | undefined;
  readonly quiet: boolean;
  /** The value of -E: the file for sshpool's own messages, instead of standard error. */
  readonly log: string | undefined;
  /** The value of -O, if the agent can answer it. */
  readonly control: Control | undefined;
  /** How many times -v was given. */
  readonly verbose: number;
  readonly timeoutMs: number | undefined;
  readonly fresh: boolean;
  readonly json: boolean;
}

/** The supported commands to a master (ssh(1), -O). */
export type Control = 'check' | 'exit' | 'stop';

/** -T, -t, -tt, or none of them. */
export type TtyWish = 'default' | 'never' | 'request' | 'force';

/** The result of parsing the words of a command. */
export type ParsedCall =
  | CallArgs
  | { readonly kind: 'help' }
  /** ssh itself must make the call. */
  | { readonly kind: 'delegate' };
