/** What ssh(1) itself would say, for `sshpool ssh`; each line without its line feed. */
import { SshpoolError, type ErrorCode } from '../base/errors.ts';
import { saidBySsh } from '../ssh/said-by-ssh.ts';

type Words = (message: string) => string;

const after: Words = (message) => `ssh: ${message}`;

/**
 * Failures after which ssh would only fail again, and not sooner. Of all others it can say more than
 * we know, or it may do better: it is run in our place.
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
  readonly hasConnectTimeout: boolean;
  /** What `ssh -V` prints. */
  readonly version: () => Promise<string>;
}

/**
 * What ssh would say of a failure; undefined where it is to say so itself. Without a ConnectTimeout of the
 * user's it has more patience than we have.
 */
export async function sshFailure(
  error: SshpoolError,
  { hasConnectTimeout, version }: FailureFacts,
): Promise<string | undefined> {
  const { code, message } = error;
  const words = await saidBySsh(error, version);
  if (words !== undefined) return words;
  if (code === 'CONNECT_TIMEOUT' && !hasConnectTimeout) return undefined;
  const said = SAID[code]?.(message);
  return said === undefined ? undefined : `${said}\r`;
}

export const NO_LOCAL_TERMINAL =
  'Pseudo-terminal will not be allocated because stdin is not a terminal.\r';

export const requestFailed = (request: string): string =>
  `${request === 'pty-req' ? 'PTY allocation' : request} request failed on channel 0\r`;

/** What is said at the end of a session; '' for nothing (clientloop.c). */
export function farewell(
  hostname: string,
  { terminal, lost }: { readonly terminal: boolean; readonly lost: boolean },
): string {
  const byRemote = lost ? [`Connection to ${hostname} closed by remote host.\r`] : [];
  const closed = terminal ? [`Connection to ${hostname} closed.\r`] : [];
  return [...byRemote, ...closed].join('\n');
}

/** What ssh says of its configuration; LogLevel keeps back what it ends as an entry of its log. */
export function shownWarnings(
  { warnings }: { readonly warnings: readonly string[] },
  isSilent: boolean,
): string[] {
  return warnings.filter((line) => !isSilent || !line.endsWith('\r'));
}
