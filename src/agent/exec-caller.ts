import type { Place } from '../base/place.ts';
import type { CallerContext } from '../reach/reach.ts';
import { CALLER_ENV, matchesEnv } from '../wire/caller-env.ts';
import type { CAPABILITIES } from '../wire/capabilities.ts';
import type { Message } from '../wire/protocol.ts';
import type { LocalTerminal } from './what-to-run.ts';

/** How the call reaches its caller. */
export interface ExecCaller extends CallerContext {
  readonly place: Place;
  readonly terminal: LocalTerminal;
  can(capability: keyof typeof CAPABILITIES): boolean;
  send(message: Message): void;
  /** Passes the call to one that puts questions, where this caller can (handOver). */
  readonly handOver: () => void;
  /** Says that the command may run from here on; false where the caller has gone. */
  readonly starting: () => boolean;
  /** Runs the handler of an event; an error in it ends the call, and nothing else. */
  readonly guard: (run: () => void) => void;
}

/** The variables of a caller: those that it sent, and what else matches these patterns (SendEnv). */
export async function environmentFor(
  patterns: readonly string[],
  caller: Pick<ExecCaller, 'env' | 'environment'>,
): Promise<Readonly<Record<string, string>>> {
  const more = patterns.filter((pattern) => !matchesEnv(pattern, CALLER_ENV));
  if (more.length === 0) return caller.env;
  return { ...(await caller.environment(more)), ...caller.env };
}
