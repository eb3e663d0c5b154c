/** Who waits in a group for a session or a tunnel. */
import { SshpoolError } from '../base/errors.ts';
import type { Timer } from '../base/time.ts';
import type { PoolRequest, PoolSettings } from './request.ts';
import type { Wanted } from './wanted.ts';

export interface Waiter {
  readonly request: PoolRequest;
  readonly wanted: Wanted;
  readonly reject: (error: SshpoolError) => void;
  timer: Timer | undefined;
}

/** Leads a connect that nothing waits for. */
export function leaderFor({ request, wanted }: Waiter): Waiter {
  return { request, wanted, reject: () => undefined, timer: undefined };
}

/** Those of `others` whom the failure of a connect concerns as well as its leader. */
export function sharing(leader: Waiter, others: readonly Waiter[], isPersonal: boolean): Waiter[] {
  const isAlike = ({ request }: Waiter): boolean =>
    !isPersonal || (leader.request.batchMode && request.batchMode);
  return [leader, ...others.filter(isAlike)];
}

/** It has waited for as long as it may. */
export function noRoom({ request }: Waiter, { maxConnections: max }: PoolSettings): SshpoolError {
  return SshpoolError.of('POOL_EXHAUSTED', { ...request.label, max });
}
