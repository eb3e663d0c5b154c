/**
 * Marks failures over ssh2 where OpenSSH may succeed. Never a failure of trust: a refused host key is not
 * tried over the other link.
 */
import type { SshpoolError } from '../../base/errors.ts';

const reasons = new WeakMap<SshpoolError, string>();

/** Marks `error`; `why` is shown to users, such as `ssh2 has no matching cipher`. */
export function markBeyondSsh2(error: SshpoolError, why: string): SshpoolError {
  reasons.set(error, why);
  return error;
}

/** Why OpenSSH may succeed where this was thrown; undefined where OpenSSH would fail as well. */
export function beyondSsh2(thrown: unknown): string | undefined {
  return reasons.get(thrown as SshpoolError);
}
