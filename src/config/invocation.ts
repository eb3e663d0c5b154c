/** What a call runs, in words of ssh(1), for `ssh -G`: a configuration may look at it. Pure. */
import type { CallArgs } from './call-args.ts';
import type { Invocation } from './ssh-config.ts';

/** Far more than a pattern looks at, and less than Linux takes as one word of a command line. */
const MAX_BYTES = 64 * 1024;

export function invocationOf({ command, subsystem, forward }: CallArgs): Invocation {
  const way = forward && 'port' in forward ? ['-W', `[${forward.host}]:${forward.port}`] : [];
  const flags = [...(subsystem ? ['-s'] : []), ...way];
  return { flags, command: command.subarray(0, MAX_BYTES).toString() };
}
