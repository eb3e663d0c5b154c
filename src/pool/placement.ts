/** Decides where the next session or tunnel goes: pure functions over the connections of one identity. */

import type { Proof } from './connection/pulse.ts';

export interface ConnectionView {
  /** Without spares, but with sessions that only the server has not closed yet. */
  readonly running: number;
  readonly cap: number;
  readonly takesTunnel: boolean;
  /** It needs a trial before a tunnel, which stays open, or a session if no more connections are allowed. */
  readonly untried: boolean;
  readonly proof: Proof;
  readonly spare: boolean;
  readonly bulk: boolean;
}

export interface Demand {
  /** The first waiting caller wants a session; otherwise a tunnel, whose number is not limited. */
  readonly wantsSession: boolean;
  readonly waiting: number;
  readonly connecting: number;
  readonly max: number;
  readonly capOfNew: number;
  /** A connection with a bulk transfer is good enough: a second connect failed recently, or is slow. */
  readonly settles: boolean;
}

/** A connect for speed does not prompt: the caller can use an existing connection without a password. */
export type Purpose = 'room' | 'speed';

export type Placement<C> =
  | { readonly kind: 'use'; readonly connection: C }
  | { readonly kind: 'probe'; readonly connection: C }
  | { readonly kind: 'connect'; readonly purpose: Purpose }
  | { readonly kind: 'wait' };

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
  // So the caller waits for one. Connecting for each transfer would log in twice, often for no caller.
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
