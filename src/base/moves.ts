/** Tables of transitions, as those of ARCHITECTURE.md. */

/** For each state the events that are legal in it, and the state after each. */
export type Moves<S extends string, E extends string> = Readonly<
  Record<S, Readonly<Partial<Record<E, S>>>>
>;

/** Told of each transition, for the log. */
export type OnMove = (from: string, to: string, event: string) => void;

/** The same, of several things: `what` names one, such as `connection 3`. */
export type Trace = (what: string, ...move: Parameters<OnMove>) => void;
