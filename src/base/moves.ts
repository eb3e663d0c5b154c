/** Tables of transitions, as those of ARCHITECTURE.md: for each state its events, and the state after. */

export type Moves<S extends string, E extends string> = Readonly<
  Record<S, Readonly<Partial<Record<E, S>>>>
>;

export type OnMove = (from: string, to: string, event: string) => void;

/** `what` names one of several things, such as `connection 3`. */
export type Trace = (what: string, ...move: Parameters<OnMove>) => void;
