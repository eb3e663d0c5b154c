/** The arguments of a call, the same for all commands. */
import type { Target } from './target.ts';

export type CommandName = 'exec' | 'ssh' | 'shell' | 'forward';

/** The destination of a stream, which replaces a command: a port (-W), or a unix socket of the host. */
export type Forward = { readonly host: string; readonly port: number } | { readonly path: string };

/** From options of ssh(1): no `stdin` (-n), `escape` (-e), `log` file (-E), `control` (-O), count of -v. */
export interface CallArgs {
  readonly kind: 'call';
  readonly target: Target;
  /** Options for `ssh -G`, in the order given, each value in a word of its own. */
  readonly sshArgs: readonly string[];
  /** The words joined with single spaces (-s: the name of a subsystem); empty for the login shell. */
  readonly command: Buffer;
  readonly subsystem: boolean;
  readonly forward: Forward | undefined;
  readonly stdin: boolean;
  readonly tty: TtyWish;
  readonly escape: string | undefined;
  readonly quiet: boolean;
  readonly log: string | undefined;
  readonly control: Control | undefined;
  readonly verbose: number;
  readonly timeoutMs: number | undefined;
  readonly fresh: boolean;
  readonly json: boolean;
}

/** The supported commands to a master (ssh(1), -O). */
export type Control = 'check' | 'exit' | 'stop';

export type TtyWish = 'default' | 'never' | 'request' | 'force';

export type ParsedCall =
  | CallArgs
  | { readonly kind: 'help' }
  /** ssh itself must make the call. */
  | { readonly kind: 'delegate' };
