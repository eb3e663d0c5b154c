/** Refuses a call that a full pool has had no room for within the queue timeout. */
import { SshpoolError } from '../base/errors.ts';
import type { Clock } from '../base/time.ts';
import type { PoolSettings } from './request.ts';
import type { Waiter } from './waiting-calls.ts';

export interface QueueState {
  readonly clock: Clock;
  readonly settings: PoolSettings;
  readonly isConnecting: () => boolean;
  readonly isFull: () => boolean;
  /** Why the last connect failed, unless one has succeeded since. */
  readonly failure: () => SshpoolError | undefined;
  readonly refuse: (waiter: Waiter, error: SshpoolError) => void;
}

/** No call waits longer than the queue timeout for room; a connect has its own deadline. */
export function refuseAfterTimeout(waiter: Waiter, state: QueueState): void {
  const { clock, settings, isConnecting, isFull, failure, refuse } = state;
  waiter.deadline = clock.after(settings.queueTimeoutMs, () => {
    if (isConnecting()) return refuseAfterTimeout(waiter, state);
    refuse(waiter, (isFull() ? undefined : failure()) ?? noRoom(waiter, settings));
  });
}

function noRoom({ request }: Waiter, { maxConnections: max }: PoolSettings): SshpoolError {
  const { name, port } = request.label;
  return SshpoolError.of('POOL_EXHAUSTED', { name, port, max });
}
