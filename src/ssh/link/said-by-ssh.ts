/**
 * ssh's own message for a failure, if it is known: then ssh need not be run, and connect once more, only to
 * print it. A server may count failures (sshd_config(5), PerSourcePenalties).
 */
import { SshpoolError } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';
import type { SshOptions } from '../../config/ssh-options.ts';
import { isAtLeast } from './ssh-version.ts';

/** An entry of ssh's log, of one or more lines: of level ERROR, or INFO, which LogLevel ERROR hides. */
export type LogEntry = string | { readonly info: string };

/** All entries, for the version that `ssh -V` prints. */
export type SaidBySsh = (version: string) => readonly LogEntry[];

const said = new WeakMap<SshpoolError, SaidBySsh>();

export function markSaid(error: SshpoolError, entries: SaidBySsh): SshpoolError {
  said.set(error, entries);
  return error;
}

/** Undefined if ssh has to be run for its message. */
export async function saidBySsh(
  error: SshpoolError,
  version: () => Promise<string>,
): Promise<readonly LogEntry[] | undefined> {
  return said.get(error)?.(await version());
}

/** The log as text, without the last line feed; '' if `showsInfo` is false and all entries are INFO. */
export function logText(entries: readonly LogEntry[], showsInfo: boolean): string {
  const texts = entries.flatMap((entry) => {
    if (typeof entry === 'string') return [entry];
    return showsInfo ? [entry.info] : [];
  });
  // ssh ends each by a carriage return and a line feed.
  return texts.map((text) => `${printable(text)}\r`).join('\n');
}

/** The options of a host that affect what its ssh prints. */
export type LogOptions = Pick<SshOptions, 'connectTimeoutMs' | 'showsServerWords' | 'isSilent'>;

/** A failure at a jump host, with the jump host's options. */
export interface HopFailure {
  readonly error: SshpoolError;
  readonly options: LogOptions;
}

const hopFailures = new WeakMap<SshpoolError, HopFailure>();

/**
 * A failure at the jump host, for the target: the jump host's ssh prints why, the target's sees its proxy
 * end.
 */
export function failedAtHop(failure: HopFailure): SshpoolError {
  const { code, message, exitCode } = failure.error;
  const error = SshpoolError.received(code, message, exitCode);
  hopFailures.set(error, failure);
  return error;
}

export function hopFailure(error: SshpoolError): HopFailure | undefined {
  return hopFailures.get(error);
}

/** The server, or the proxy, ended the connection during the exchange of identifications (kex.c). */
export function earlyEnd(how: 'closed' | 'reset', version: string): LogEntry[] {
  if (how === 'reset') return ['kex_exchange_identification: read: Connection reset by peer'];
  // Since 9.5 ssh prints it only with -v.
  if (isAtLeast(version, 9, 5)) return [];
  return ['kex_exchange_identification: Connection closed by remote host'];
}

/** `peer` is as ssh names it (packet.c, ssh_remote_ipaddr). */
export function endedBy(how: 'closed' | 'reset', peer: string): LogEntry {
  return { info: `Connection ${how} by ${peer}` };
}

/** A proxy has no address. */
export const PROXY_PEER = 'UNKNOWN port 65535';
