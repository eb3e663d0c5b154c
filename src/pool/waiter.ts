/** A caller that waits in a group for a session or a tunnel. */
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

/** The leader of a connect that no caller waits for. */
export function leaderFor({ request, wanted }: Waiter): Waiter {
  return { request, wanted, reject: () => undefined, timer: undefined };
}

/** The leader of a failed connect, and those of `others` that share the failure. */
export function sharing(leader: Waiter, others: readonly Waiter[], isPersonal: boolean): Waiter[] {
  const isAlike = ({ request }: Waiter): boolean =>
    !isPersonal || (leader.request.batchMode && request.batchMode);
  return [leader, ...others.filter(isAlike)];
}

/** The caller has waited for the full queue timeout. */
export function noRoom({ request }: Waiter, { maxConnections: max }: PoolSettings): SshpoolError {
  return SshpoolError.of('POOL_EXHAUSTED', {
    name: request.label.name,
    port: request.label.port,
    max,
  });
}
