/** Finds the calls that ssh itself has to make because of the configuration. */
import { isBeyondSession, onlyBySsh } from '../config/ssh-config/beyond-session.ts';
import type { CallArgs } from '../config/command-line/call-args.ts';
import type { CallCommand } from '../config/command-line/command-line.ts';
import { sharesNothing } from '../config/ssh-config/control-options.ts';
import type { Env } from '../config/ssh-config/tokens.ts';
import type { ReachResult } from '../reach/reach.ts';
import type { Masters } from './masters.ts';

/** The option that requires ssh; undefined if the pool can make the call. */
export async function sshInstead(
  { isSsh }: Pick<CallCommand, 'isSsh'>,
  args: CallArgs,
  { options, controlPaths }: Pick<ReachResult, 'options' | 'controlPaths'>,
  { env, masters }: { readonly env: Env; readonly masters: Pick<Masters, 'isForeign'> },
): Promise<string | undefined> {
  const only = onlyBySsh(options.all);
  if (only !== undefined) return only;
  if (isSsh) {
    const isSession = args.forward === undefined;
    if (isSession && isBeyondSession(options.all, env, args.quiet)) return 'a forwarding';
    if (sharesNothing(args.sshArgs)) return 'ControlPath';
  }
  return (await masters.isForeign(controlPaths)) ? 'ControlPath' : undefined;
}
