/** Decides where the next session goes: pure functions over one target's connections. */

/** The most sessions on one connection: below sshd's MaxSessions (10), with room for the spare. */
export const SESSIONS_PER_CONNECTION = 8;

/** How sure the pool is that the server still answers. */
export type Proof = 'proven' | 'doubtful' | 'probing' | 'silent';

export interface ConnectionView {
  /** Sessions under way, spares not counted. */
  readonly running: number;
  /** The most concurrent sessions that it takes. */
  readonly cap: number;
  /** Whether it takes a tunnel beside what is under way. */
  readonly takesTunnel: boolean;
  /**
   * It needs a trial before it takes a tunnel, which stays open, or a session while no further connection
   * is allowed.
   */
  readonly untried: boolean;
  readonly proof: Proof;
  /** A session is open and waits for a command. */
  readonly spare: boolean;
  /** A bulk transfer runs on it. */
  readonly bulk: boolean;
}

export interface Demand {
  /** The first waiting caller wants a session; otherwise a tunnel, whose number is not limited. */
  readonly wantsSession: boolean;
  readonly waiting: number;
  /** Connects under way. */
  readonly connecting: number;
  /** The most connections, those under way included. */
  readonly max: number;
  /** Concurrent sessions that a new connection will take. */
  readonly capOfNew: number;
  /** A connection with a bulk transfer is good enough: a second connect failed recently, or is slow. */
  readonly settles: boolean;
}

/**
 * Why another connection is made: because no connection has room, or only for speed. A connect for speed
 * does not prompt: the caller can use an existing connection without a password.
 */
export type Purpose = 'room' | 'speed';

export type Placement<C> =
  | { readonly kind: 'use'; readonly connection: C }
  | { readonly kind: 'probe'; readonly connection: C }
  | { readonly kind: 'connect'; readonly purpose: Purpose }
  | { readonly kind: 'wait' };

/** Decides for the first waiting caller. */
export function place<C extends ConnectionView>(
  connections: readonly C[],
  demand: Demand,
): Placement<C> {
  const withRoom = connections.filter(({ running, cap, takesTunnel }) =>
    demand.wantsSession ? running < cap : takesTunnel,
  );
  const isLast = connections.length + demand.connecting >= demand.max;
  const proofOf = ({ proof, untried }: C): Proof =>
    untried && (isLast || !demand.wantsSession) && proof === 'proven' ? 'doubtful' : proof;
  const usable = withRoom.filter((one) => proofOf(one) === 'proven').toSorted(better)[0];
  // Beside a bulk transfer a command takes seconds on a slow link; a new connection takes less than one.
  // So a caller that finds only bulk connections waits for a new one; later callers find it open.
  // Connecting as soon as a transfer begins would log in twice for each, often for no caller.
  if (usable && (!usable.bulk || demand.settles)) return { kind: 'use', connection: usable };
  const doubtful = withRoom.find((one) => proofOf(one) === 'doubtful');
  if (doubtful) return { kind: 'probe', connection: doubtful };
  const coming = withRoom
    .filter(({ proof }) => proof === 'probing')
    .map(({ running, cap }) => (demand.wantsSession ? cap - running : Infinity))
    .reduce((sum, room) => sum + room, demand.connecting * demand.capOfNew);
  if (coming >= demand.waiting) return { kind: 'wait' };
  if (connections.length + demand.connecting < demand.max) {
    return { kind: 'connect', purpose: usable ? 'speed' : 'room' };
  }
  return usable ? { kind: 'use', connection: usable } : { kind: 'wait' };
}

/** Connections without a bulk transfer first; then a spare, which saves a round trip; then the least busy. */
function better(a: ConnectionView, b: ConnectionView): number {
  return (
    Number(a.bulk) - Number(b.bulk) || Number(b.spare) - Number(a.spare) || a.running - b.running
  );
}
