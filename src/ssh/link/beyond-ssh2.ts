/**
 * Failures over ssh2 with which OpenSSH may fare better, marked where they are found. Never one of
 * trust: a host key that was refused once is not tried another way.
 */
import type { SshpoolError } from '../../base/errors.ts';

const reasons = new WeakMap<SshpoolError, string>();

/** Marks `error`; `why` is for people, such as `ssh2 has no matching cipher`. */
export function markBeyondSsh2(error: SshpoolError, why: string): SshpoolError {
  reasons.set(error, why);
  return error;
}

/** Why OpenSSH may succeed where this was thrown; undefined where it would fail as well. */
export function beyondSsh2(thrown: unknown): string | undefined {
  return reasons.get(thrown as SshpoolError);
}
