/** The command of a call as arguments of ssh(1), for `ssh -G`: a configuration may match on it. Pure. */
import type { CallArgs } from '../command-line/call-args.ts';
import type { Invocation } from './ssh-g.ts';

/** Far longer than any pattern needs, and shorter than Linux's limit for one argument. */
const MAX_BYTES = 64 * 1024;

export function invocationOf({ command, subsystem, forward }: CallArgs): Invocation {
  const way = forward && 'port' in forward ? ['-W', `[${forward.host}]:${forward.port}`] : [];
  const flags = [...(subsystem ? ['-s'] : []), ...way];
  return { flags, command: command.subarray(0, MAX_BYTES).toString() };
}
