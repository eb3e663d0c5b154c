/** What a call asks for, whichever of the commands it came by. */
import type { Target } from './target.ts';

/** The commands that open a session. */
export type CommandName = 'exec' | 'ssh' | 'shell' | 'forward';

/** Where a stream is to lead, in place of a command: a port (-W), or a unix socket of the host. */
export type Forward = { readonly host: string; readonly port: number } | { readonly path: string };

export interface CallArgs {
  readonly kind: 'call';
  readonly target: Target;
  /** Options for `ssh -G`, in the order given, each value in a word of its own. */
  readonly sshArgs: readonly string[];
  /** The words of the command, joined with single spaces; empty for the login shell. */
  readonly command: Buffer;
  /** `command` names a subsystem (-s). */
  readonly subsystem: boolean;
  readonly forward: Forward | undefined;
  /** False with -n. */
  readonly stdin: boolean;
  readonly tty: TtyWish;
  /** The value of -e. */
  readonly escape: string | undefined;
  readonly quiet: boolean;
  /** The value of -E: where to our own words go, in place of standard error. */
  readonly log: string | undefined;
  /** The value of -O, where it is a question or an order that we can answer. */
  readonly control: Control | undefined;
  /** How many times -v was given. */
  readonly verbose: number;
  readonly timeoutMs: number | undefined;
  readonly fresh: boolean;
  readonly json: boolean;
}

/** What can be asked of a master (ssh(1), -O). */
export type Control = 'check' | 'exit' | 'stop';

/** -T, -t, -tt, or none of them. */
export type TtyWish = 'default' | 'never' | 'request' | 'force';

/** What is to be done with the words of a command. */
export type ParsedCall =
  | CallArgs
  | { readonly kind: 'help' }
  /** They are for ssh itself. */
  | { readonly kind: 'delegate' };
