/** Refuses callers in another place (base/place.ts): their own connections could lead elsewhere. */
import { SshpoolError } from '../base/errors.ts';
import { difference, type Place } from '../base/place.ts';

/** @throws SshpoolError NOT_SHARED */
export function refuseElsewhere(here: Place, caller: Place): void {
  const what = difference(here, caller);
  if (what === undefined) return;
  const isDiverted = caller.diversions.length > 0;
  const hint = isDiverted
    ? 'unset it'
    : 'give it an agent of its own (SSH_POOL_RUNTIME_DIR), or restart the agent there';
  throw SshpoolError.of('NOT_SHARED', { what, hint });
}
