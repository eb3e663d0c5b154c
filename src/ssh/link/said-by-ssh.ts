/**
 * What ssh itself says of a failure, where we know its words: it need not be run then, and connect once
 * more, only to say them. A server may count failures (sshd_config(5), PerSourcePenalties).
 */
import { SshpoolError } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';
import type { SshOptions } from '../../config/ssh-options.ts';
import { isAtLeast } from './ssh-version.ts';

/** An entry of its log, of one line or several; of level INFO, which LogLevel ERROR keeps back, or of ERROR. */
export type LogEntry = string | { readonly info: string };

/** All of them, as `ssh -V` has its version. */
export type SaidBySsh = (version: string) => readonly LogEntry[];

const said = new WeakMap<SshpoolError, SaidBySsh>();

export function markSaid(error: SshpoolError, entries: SaidBySsh): SshpoolError {
  said.set(error, entries);
  return error;
}

/** Undefined where ssh is to say it. */
export async function saidBySsh(
  error: SshpoolError,
  version: () => Promise<string>,
): Promise<readonly LogEntry[] | undefined> {
  return said.get(error)?.(await version());
}

/** As they stand in the log, without the last line feed; '' where `showsInfo` is false and nothing else is left. */
export function logText(entries: readonly LogEntry[], showsInfo: boolean): string {
  const texts = entries.flatMap((entry) => {
    if (typeof entry === 'string') return [entry];
    return showsInfo ? [entry.info] : [];
  });
  // ssh ends each by a carriage return and a line feed.
  return texts.map((text) => `${printable(text)}\r`).join('\n');
}

/** What of a host's options decides on what its ssh says. */
export type LogOptions = Pick<SshOptions, 'connectTimeoutMs' | 'showsServerWords' | 'isSilent'>;

/** A failure at a jump host, with the options of that. */
export interface HopFailure {
  readonly error: SshpoolError;
  readonly options: LogOptions;
}

const hopFailures = new WeakMap<SshpoolError, HopFailure>();

/** The failure of whoever was to go through a jump host: for ssh, another ssh says why, and the way has ended. */
export function failedAtHop(failure: HopFailure): SshpoolError {
  const { code, message, exitCode } = failure.error;
  const error = SshpoolError.received(code, message, exitCode);
  hopFailures.set(error, failure);
  return error;
}

export function hopFailure(error: SshpoolError): HopFailure | undefined {
  return hopFailures.get(error);
}

/** That the server, or the way to it, ended the connection while identifications were exchanged (kex.c). */
export function earlyEnd(how: 'closed' | 'reset', version: string): LogEntry[] {
  if (how === 'reset') return ['kex_exchange_identification: read: Connection reset by peer'];
  // Since then it is of interest to -v only.
  if (isAtLeast(version, 9, 5)) return [];
  return ['kex_exchange_identification: Connection closed by remote host'];
}

/** `peer` is as ssh names it (packet.c, ssh_remote_ipaddr). */
export function endedBy(how: 'closed' | 'reset', peer: string): LogEntry {
  return { info: `Connection ${how} by ${peer}` };
}

/** A proxy has no address. */
export const PROXY_PEER = 'UNKNOWN port 65535';
