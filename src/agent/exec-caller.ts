import type { Place } from '../base/place.ts';
import type { Surroundings } from '../reach/reach.ts';
import type { Message } from '../wire/protocol.ts';
import type { LocalTerminal } from './what-to-run.ts';

/** How the call reaches its caller. */
export interface ExecCaller extends Surroundings {
  readonly place: Place;
  readonly terminal: LocalTerminal;
  can(capability: string): boolean;
  send(message: Message): void;
  /** Says that the command may run from here on; false where the caller has gone. */
  readonly starting: () => boolean;
  /** Runs the handler of an event; an error in it ends the call, and nothing else. */
  readonly guard: (run: () => void) => void;
}
