/** One fault: how it is made, and what a caller must see of it. */
import type { Stage } from './stage.ts';

/** What may be left when a row is over, and its agent has had time to settle. */
export interface Left {
  /** Resident bytes of the agent; 200 MB unless given. */
  readonly rssBytes?: number;
  /** Connections of the pool. */
  readonly connections?: number;
}

export interface Row {
  readonly name: string;
  /** How it is made, for people. */
  readonly made: string;
  /** What must be seen, for people; `run` checks it. */
  readonly must: string;
  /** In the full run alone: it takes long, or is one more of its kind. */
  readonly full?: boolean;
  /** Why it cannot run on this machine. */
  readonly skip?: string | undefined;
  readonly left?: Left;
  /** Makes the fault and calls; what is not as it must be is told to the stage. */
  readonly run: (stage: Stage) => Promise<void>;
}

/** What the caller of one call must see. */
export interface Must {
  /** Exit status: one, or any of several. */
  readonly code: number | readonly number[];
  /** All of it; nothing unless given. */
  readonly stdout?: string | RegExp;
  /** All of it; nothing unless given. */
  readonly stderr?: string | RegExp;
  /** How often the command ran on the server; not looked at unless given. */
  readonly ran?: number | readonly number[];
  /** Milliseconds until its end; far more than it takes on a quiet machine. */
  readonly withinMs?: number;
}
