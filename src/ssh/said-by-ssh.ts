/**
 * What ssh itself says of a failure, where we know its words: it need not be run then, and connect once
 * more, only to say them. A server may count failures (sshd_config(5), PerSourcePenalties).
 */
import type { SshpoolError } from '../base/errors.ts';
import { printable } from '../base/printable.ts';

/** The entries of its log, each of one line or several, as `ssh -V` has its version. */
export type SaidBySsh = (version: string) => readonly string[];

const said = new WeakMap<SshpoolError, SaidBySsh>();

export function markSaid(error: SshpoolError, entries: SaidBySsh): SshpoolError {
  said.set(error, entries);
  return error;
}

/** All of it, without the last line feed; undefined where ssh is to say it. */
export async function saidBySsh(
  error: SshpoolError,
  version: () => Promise<string>,
): Promise<string | undefined> {
  const entries = said.get(error)?.(await version());
  // ssh ends each by a carriage return and a line feed.
  return entries?.map((entry) => `${printable(entry)}\r`).join('\n');
}
