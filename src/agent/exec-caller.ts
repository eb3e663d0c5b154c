import type { Place } from '../base/place.ts';
import type { CallerContext } from '../reach/reach.ts';
import { CALLER_ENV, matchesEnv } from '../wire/caller-env.ts';
import type { CAPABILITIES } from '../wire/capabilities.ts';
import type { Message } from '../wire/protocol.ts';
import type { LocalTerminal } from './what-to-run.ts';

/** The connection between a call and its caller. */
export interface ExecCaller extends CallerContext {
  readonly place: Place;
  readonly terminal: LocalTerminal;
  can(capability: keyof typeof CAPABILITIES): boolean;
  send(message: Message): void;
  /** Tells the caller that the command may run from here on; false where the caller has disconnected. */
  readonly starting: () => boolean;
  /** Runs an event handler; an error in it ends only this call. */
  readonly guard: (run: () => void) => void;
}

/** The caller's environment: the variables it sent, and those that match these patterns (SendEnv). */
export async function environmentFor(
  patterns: readonly string[],
  caller: Pick<ExecCaller, 'env' | 'environment'>,
): Promise<Readonly<Record<string, string>>> {
  const more = patterns.filter((pattern) => !matchesEnv(pattern, CALLER_ENV));
  if (more.length === 0) return caller.env;
  return { ...(await caller.environment(more)), ...caller.env };
}
