/** What the agent's callers share: made once in main.ts and handed to each of them. */
import type { Log } from '../base/log.ts';
import type { Place } from '../base/place.ts';
import type { ReachServices } from '../reach/reach.ts';
import type { Masters } from './masters.ts';
import type { OtherSettings } from './other-settings.ts';
import type { Unfinished } from './unfinished.ts';

export interface Services extends ReachServices {
  readonly log: Log;
  /** Where the connections of this agent are made. */
  readonly place: Place;
  /** Connections that stand for masters of ssh. */
  readonly masters: Masters;
  readonly otherSettings: Pick<OtherSettings, 'hint'>;
  /** What the callers have begun to send. */
  readonly unfinished: Unfinished;
  /** Version of the program. */
  readonly version: string;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  /** Whether it was told to end what runs. */
  readonly stoppedByForce: () => boolean;
  /** Ends the agent: what runs is waited for, or with `force` ended. */
  stop(options: { readonly force: boolean }): void;
}
