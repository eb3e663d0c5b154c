/**
 * The messages of ssh(1), for `sshpool ssh`; each line without its line feed. A failure in ssh's own words is
 * not repeated by ssh: a server may count failures (sshd_config(5), PerSourcePenalties).
 */
import type { ErrorCode, ErrorData, LogEntry } from '../base/error-table.ts';
import { SshpoolError } from '../base/errors.ts';
import { printable } from '../base/printable.ts';
import { HopError, PROXY_PEER, type LogOptions } from '../ssh/link/hop-error.ts';
import { isAtLeast } from '../ssh/link/ssh-version.ts';
import { changedKeyWords, revokedKeyWords, unknownKeyWords } from '../ssh/trust/host-key-words.ts';

interface Facts {
  /** Our own. */
  readonly message: string;
  readonly options: LogOptions | undefined;
}

type Entries = readonly LogEntry[];

/**
 * The entries of ssh's log, where they differ by what `ssh -V` prints as a function of that; undefined if ssh has
 * to be run: it may succeed, or explain more.
 */
type Words<C extends ErrorCode> = (
  data: ErrorData<C>,
  facts: Facts,
) => Entries | ((version: string) => Entries) | undefined;

/** Failures that ssh would only repeat, and no sooner. */
const SAID: { readonly [C in ErrorCode]?: Words<C> } = {
  HOST_UNKNOWN: ({ host, reason }) => [`ssh: Could not resolve hostname ${host}: ${reason}`],
  CONNECT_FAILED: ({ logged, reason, ...at }) => logged ?? [unreachable(at, reason)],
  CONNECT_TIMEOUT: ({ logged, ...at }, { options }) => {
    // Without a ConnectTimeout ssh waits longer than the pool does.
    const isLimit = options?.connectTimeoutMs !== undefined;
    return logged ?? (isLimit ? [unreachable(at, 'Connection timed out')] : undefined);
  },
  SERVER_LEFT: ({ how, isSsh, peer }) => {
    const last = endedBy(how, peer);
    return isSsh ? [last] : (version) => [...earlyEnd(how, version), last];
  },
  PROXY_FAILED: ({ isSsh }) =>
    isSsh === undefined ? undefined : (version) => proxyEnd(isSsh, version),
  HANDSHAKE_FAILED: ({ logged }) => logged,
  OPENSSH_FAILED: ({ logged }) => logged,
  HOST_KEY_REFUSED: ({ logged }) => logged,
  HOST_KEY_UNKNOWN: unknownKeyWords,
  HOST_KEY_CHANGED: (key) =>
    key.sshGoesOn ? undefined : (version) => changedKeyWords(key, version),
  HOST_KEY_REVOKED: (key) => (key.sshGoesOn ? undefined : revokedKeyWords(key)),
  AUTH_FAILED: ({ user, host, methods, logged }) =>
    logged ?? [`${user}@${host}: Permission denied (${methods}).`],
  LOGIN_TIMEOUT: (_, { message }) => [message],
  CANCELLED: (_, { message }) => [message],
};

/** sshconnect.c, ssh_connect. */
function unreachable({ host, port }: { host: string; port: number }, reason: string): string {
  return `ssh: connect to host ${host} port ${port}: ${reason}`;
}

/** The server, or the proxy, ended the connection during the exchange of identifications (kex.c). */
function earlyEnd(how: 'closed' | 'reset', version: string): LogEntry[] {
  if (how === 'reset') return ['kex_exchange_identification: read: Connection reset by peer'];
  // Since 9.5 ssh prints it only with -v.
  if (isAtLeast(version, 9, 5)) return [];
  return ['kex_exchange_identification: Connection closed by remote host'];
}

function endedBy(how: 'closed' | 'reset', peer: string): LogEntry {
  return { info: `Connection ${how} by ${peer}` };
}

function proxyEnd(isSsh: boolean, version: string): LogEntry[] {
  return [...(isSsh ? [] : earlyEnd('closed', version)), endedBy('closed', PROXY_PEER)];
}

interface FailureFacts {
  /** Undefined until `ssh -G` has answered. */
  readonly options: LogOptions | undefined;
  readonly version: () => Promise<string>;
}

export interface FailureWords {
  /** Lines of a jump host's ssh; they are not log entries. */
  readonly others: string;
  readonly log: string;
}

/** What ssh would print for a failure; undefined if ssh must be run to print it. */
export async function sshFailure(
  error: SshpoolError,
  { options, version: ask }: FailureFacts,
): Promise<FailureWords | undefined> {
  if (!(error instanceof HopError)) {
    const entries = await entriesOf(error, options, ask);
    return entries && { others: '', log: logText(entries, options) };
  }
  const said = await sshFailure(error.cause, { options: error.options, version: ask });
  if (said === undefined) return undefined;
  const reason = error.options.isSilent || said.log === '' ? '' : `${said.log}\n`;
  const log = logText(proxyEnd(false, await ask()), options);
  return { others: said.others + reason, log };
}

async function entriesOf(
  { code, message, data }: SshpoolError,
  options: LogOptions | undefined,
  version: () => Promise<string>,
): Promise<Entries | undefined> {
  // The index loses the type link between a code and its data. Errors of other processes have none.
  const words: Words<ErrorCode> | undefined = SAID[code];
  const entries = data && words?.(data, { message, options });
  return typeof entries === 'function' ? entries(await version()) : entries;
}

/** The log as text, without the last line feed; '' if LogLevel hides INFO and all entries are that. */
function logText(entries: readonly LogEntry[], options: LogOptions | undefined): string {
  const showsInfo = options?.showsServerWords ?? true;
  const texts = entries.flatMap((entry) => {
    if (typeof entry === 'string') return [entry];
    return showsInfo ? [entry.info] : [];
  });
  // ssh ends each by a carriage return and a line feed.
  return texts.map((text) => `${printable(text)}\r`).join('\n');
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
