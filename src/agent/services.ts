/** The objects that all callers of the agent share, made once in main.ts. */
import type { Log } from '../base/log.ts';
import type { Place } from '../base/place.ts';
import type { ReachServices } from '../reach/reach.ts';
import type { Masters } from './masters.ts';
import type { OtherSettings } from './other-settings.ts';
import type { Unfinished } from './unfinished.ts';

export interface Services extends ReachServices {
  readonly log: Log;
  /** The agent's own place. */
  readonly place: Place;
  /** Pooled connections that act as ssh masters. */
  readonly masters: Masters;
  readonly otherSettings: Pick<OtherSettings, 'hint'>;
  /** Unfinished frames of the callers. */
  readonly unfinished: Unfinished;
  /** Version of the program. */
  readonly version: string;
  /** Monotonic time in milliseconds. */
  readonly startedAt: number;
  /** Whether the agent was told to end running commands. */
  readonly stoppedByForce: () => boolean;
  /** Stops the agent after the running commands, or with `force` ends them. */
  stop(options: { readonly force: boolean }): void;
}
