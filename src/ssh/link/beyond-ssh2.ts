/** Why OpenSSH may succeed where ssh2 failed; undefined where it would fail as well. */
import { SshpoolError } from '../../base/errors.ts';
import { HopError } from './hop-error.ts';

export function beyondSsh2(thrown: unknown): string | undefined {
  // What OpenSSH could do at a jump host says nothing of the target.
  if (!(thrown instanceof SshpoolError) || thrown instanceof HopError) return undefined;
  const data = thrown.dataOf('AUTH_FAILED') ?? thrown.dataOf('HANDSHAKE_FAILED');
  return data?.beyondSsh2;
}
