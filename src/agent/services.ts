/** The objects that all callers of the agent share, made once in lifecycle.ts. */
import type { Log } from '../base/log.ts';
import type { Place } from '../base/place.ts';
import type { ReachServices } from '../reach/reach.ts';
import type { Masters } from './masters.ts';
import type { OtherSettings } from './other-settings.ts';
import type { Unfinished } from './unfinished.ts';

export interface Services extends ReachServices {
  readonly log: Log;
  readonly place: Place;
  readonly masters: Masters;
  readonly otherSettings: Pick<OtherSettings, 'hint'>;
  readonly unfinished: Unfinished;
  readonly version: string;
  /** Monotonic time in milliseconds. */
  readonly startedAt: number;
  /** Whether the agent was told to end running commands. */
  readonly stoppedByForce: () => boolean;
  stop(options: { readonly force: boolean }): void;
}
