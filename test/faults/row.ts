/** One fault: how it is made, and the result that a caller must get. */
import type { Stage } from './stage.ts';

/** Limits for what is left after a row, once its agent is idle. */
export interface Left {
  /** Resident bytes of the agent; 200 MB unless given. */
  readonly rssBytes?: number;
  /** Connections of the pool. */
  readonly connections?: number;
}

export interface Row {
  readonly name: string;
  /** How the fault is made, as text for the table. */
  readonly made: string;
  /** The required result, as text for the table; `run` checks it. */
  readonly must: string;
  /** Runs in the full run only: it takes long, or resembles another row. */
  readonly full?: boolean;
  /** Why it cannot run on this machine. */
  readonly skip?: string | undefined;
  readonly left?: Left;
  /** Makes the fault and the calls; reports problems to the stage. */
  readonly run: (stage: Stage) => Promise<void>;
}

/** The required result of one call. */
export interface Must {
  /** Exit status: one, or any of several. */
  readonly code: number | readonly number[];
  /** The whole output; empty unless given. */
  readonly stdout?: string | RegExp;
  /** The whole output; empty unless given. */
  readonly stderr?: string | RegExp;
  /** How often the command ran on the server; not checked unless given. */
  readonly ran?: number | readonly number[];
  /** Time limit in milliseconds; far above the time on an idle machine. */
  readonly withinMs?: number;
}
