/** Where the next session goes: pure decisions over a view of one target's connections. */

/** The most sessions on one connection: below sshd's MaxSessions (10) with room for the spare. */
export const SESSIONS_PER_CONNECTION = 8;

/** How sure we are that the other end is still there. */
export type Proof = 'proven' | 'doubtful' | 'probing' | 'silent';

export interface ConnectionView {
  /** Sessions under way, spares not counted. */
  readonly running: number;
  /** Sessions that it takes at the most. */
  readonly cap: number;
  /** It takes a tunnel beside what is under way. */
  readonly takesTunnel: boolean;
  /**
   * It is to be tried before it takes what others come beside: a tunnel, which stays; or a session where
   * no further connection is allowed.
   */
  readonly untried: boolean;
  readonly proof: Proof;
  /** A session is open and waits for a command. */
  readonly spare: boolean;
  /** A bulk transfer is under way on it. */
  readonly bulk: boolean;
}

export interface Demand {
  /** The first of those who wait wants a session; else a tunnel, of which no number is allowed. */
  readonly wantsSession: boolean;
  readonly waiting: number;
  /** Connects under way. */
  readonly connecting: number;
  /** Connections allowed, those under way included. */
  readonly max: number;
  /** Sessions that a new connection will take. */
  readonly capOfNew: number;
  /** A bulk connection will do: another could not be had lately, or takes long. */
  readonly settles: boolean;
}

/**
 * Why another connection is made: because there is no room, or only for speed. For speed nobody
 * is asked a question: there is a connection that needs no password.
 */
export type Purpose = 'room' | 'speed';

export type Placement<C> =
  | { readonly kind: 'use'; readonly connection: C }
  | { readonly kind: 'probe'; readonly connection: C }
  | { readonly kind: 'connect'; readonly purpose: Purpose }
  | { readonly kind: 'wait' };

/** Decides for the first of those who wait. */
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
  // Beside a bulk transfer a command takes seconds on a slow link, and a new connection less than
  // one. So whoever finds nothing else waits for another, as the first call does; later ones find
  // it warm. Connecting as soon as a transfer begins would log in twice for each, often for nobody.
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

/** No bulk transfer first; a spare saves a round trip; after that, the least busy. */
function better(a: ConnectionView, b: ConnectionView): number {
  return (
    Number(a.bulk) - Number(b.bulk) || Number(b.spare) - Number(a.spare) || a.running - b.running
  );
}
