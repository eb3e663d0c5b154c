/** The messages of ssh(1), for `sshpool ssh`; each line without its line feed. */
import { SshpoolError, type ErrorCode } from '../base/errors.ts';
import {
  earlyEnd,
  endedBy,
  hopFailure,
  logText,
  PROXY_PEER,
  saidBySsh,
  type LogOptions,
} from '../ssh/link/said-by-ssh.ts';

type Words = (message: string) => string;

const after: Words = (message) => `ssh: ${message}`;

/**
 * Failures that ssh would only repeat, and no sooner. For all other failures ssh is run instead: it may
 * succeed, or explain more.
 */
const SAID: Readonly<Partial<Record<ErrorCode, Words>>> = {
  HOST_UNKNOWN: after,
  CONNECT_FAILED: after,
  CONNECT_TIMEOUT: (message) =>
    after(message.replace(/: no answer within .*$/, ': Connection timed out')),
  AUTH_FAILED: (message) => message.replace(/(Permission denied \([^)]*\)).*$/, '$1.'),
  LOGIN_TIMEOUT: (message) => message,
  CANCELLED: (message) => message,
};

interface FailureFacts {
  /** Undefined until `ssh -G` has answered. */
  readonly options: LogOptions | undefined;
  /** What `ssh -V` prints. */
  readonly version: () => Promise<string>;
}

export interface FailureWords {
  /** Lines of a jump host's ssh; they are not log entries. */
  readonly others: string;
  /** The log entries, without the last line feed. */
  readonly log: string;
}

/** What ssh would print for a failure; undefined if ssh must be run to print it. */
export async function sshFailure(
  error: SshpoolError,
  facts: FailureFacts,
): Promise<FailureWords | undefined> {
  const hop = hopFailure(error);
  if (hop === undefined) {
    const log = await ownWords(error, facts);
    return log === undefined ? undefined : { others: '', log };
  }
  const { options } = hop;
  const said = await sshFailure(hop.error, { ...facts, options });
  if (said === undefined) return undefined;
  const reason = options.isSilent || said.log === '' ? '' : `${said.log}\n`;
  const end = [...earlyEnd('closed', await facts.version()), endedBy('closed', PROXY_PEER)];
  const log = logText(end, facts.options?.showsServerWords ?? true);
  return { others: said.others + reason, log };
}

/** Without a ConnectTimeout ssh waits longer than the pool does. */
async function ownWords(
  error: SshpoolError,
  { options, version }: FailureFacts,
): Promise<string | undefined> {
  const { code, message } = error;
  const entries = await saidBySsh(error, version);
  if (entries !== undefined) return logText(entries, options?.showsServerWords ?? true);
  if (code === 'CONNECT_TIMEOUT' && options?.connectTimeoutMs === undefined) return undefined;
  const said = SAID[code]?.(message);
  return said === undefined ? undefined : `${said}\r`;
}

export const NO_LOCAL_TERMINAL =
  'Pseudo-terminal will not be allocated because stdin is not a terminal.\r';

export const requestFailed = (request: string): string =>
  `${request === 'pty-req' ? 'PTY allocation' : request} request failed on channel 0\r`;

/** What ssh prints at the end of a session; '' for nothing (clientloop.c). */
export function farewell(
  hostname: string,
  { terminal, lost }: { readonly terminal: boolean; readonly lost: boolean },
): string {
  const byRemote = lost ? [`Connection to ${hostname} closed by remote host.\r`] : [];
  const closed = terminal ? [`Connection to ${hostname} closed.\r`] : [];
  return [...byRemote, ...closed].join('\n');
}

/** ssh's warnings about its configuration; LogLevel suppresses those that are log entries. */
export function shownWarnings(
  { warnings }: { readonly warnings: readonly string[] },
  isSilent: boolean,
): string[] {
  return warnings.filter((line) => !isSilent || !line.endsWith('\r'));
}
