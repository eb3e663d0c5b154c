/** Why there is no connection over ssh2: its errors and those of the transport, in our words and in ssh's. */
import { Socket } from 'node:net';
import { describe, SshpoolError } from '../../base/errors.ts';
import { systemWords } from '../../base/system-words.ts';
import type { SshOptions } from '../../config/ssh-options.ts';
import type { Login } from '../login/auth.ts';
import { markBeyondSsh2 } from '../link/beyond-ssh2.ts';
import { noMatching } from './negotiation.ts';
import { earlyEnd, endedBy, markSaid, PROXY_PEER, type SaidBySsh } from '../link/said-by-ssh.ts';
import type { Transport } from '../transport/transport.ts';

/** How far the attempt has come. */
export interface Attempted {
  readonly options: SshOptions;
  readonly stream: Transport;
  /** What came in place of an identification; undefined once that is there. */
  readonly insteadOfSsh: string | undefined;
  /** The server's KEXINIT, where it came and did not do. */
  readonly kexinit: Buffer | undefined;
  /** Once the host key is verified. */
  readonly login: Login | undefined;
  /** About how long the server keeps us out, in milliseconds, where that is known. */
  readonly keptOutMs: number | undefined;
}

type Failure = Error & { readonly code?: unknown };

/** An error of the transport. */
export function brokenBy(error: Failure, attempted: Attempted): SshpoolError {
  if (error instanceof SshpoolError) {
    return error.code === 'PROXY_FAILED' ? markSaid(error, endWords('closed', attempted)) : error;
  }
  if (error.code === 'ECONNRESET') return leftBy('reset', attempted);
  if (error.code === 'EPIPE') return leftBy('closed', attempted);
  return lostBy(systemWords(error) ?? describe(error), attempted);
}

/** The server has ended the connection. */
export function leftBy(how: 'closed' | 'reset', attempted: Attempted): SshpoolError {
  const { options, insteadOfSsh: said, keptOutMs } = attempted;
  const { hostname: host, port } = options;
  const isSsh = said === undefined;
  const left = SshpoolError.of('SERVER_LEFT', {
    host,
    port,
    how,
    isSsh,
    said: explained(said ?? '', keptOutMs),
  });
  return markSaid(left, endWords(how, attempted));
}

/** The time for it is over: a ConnectTimeout covers the identification of the server with ssh (kex.c). */
export function expired(error: unknown, attempted: Attempted): void {
  const { options, insteadOfSsh } = attempted;
  if (!(error instanceof SshpoolError) || error.code !== 'CONNECT_TIMEOUT') return;
  // Without one ssh waits on, and one that has spoken has all the time it wants.
  if (options.connectTimeoutMs === undefined || insteadOfSsh === undefined) return;
  const info = `Connection to ${peerOf(attempted)} timed out`;
  markSaid(error, () => ['Connection timed out during banner exchange', { info }]);
}

function endWords(how: 'closed' | 'reset', attempted: Attempted): SaidBySsh {
  const end = endedBy(how, peerOf(attempted));
  const isSsh = attempted.insteadOfSsh === undefined;
  return (version) => [...(isSsh ? [] : earlyEnd(how, version)), end];
}

/** sshd_config(5), PerSourcePenalties: of the times that are set by default 15 s is the shortest. */
function explained(said: string, keptOutMs: number | undefined): string {
  if (said !== 'Not allowed at this time') return said;
  const time = keptOutMs === undefined ? '15 s or more' : `about ${Math.ceil(keptOutMs / 1000)} s`;
  return `${said}: after failed logins this server refuses connections from your address for ${time}`;
}

/** ssh2's errors. RFC 4253 section 11.1 numbers the reasons of a disconnect. */
export function explain(error: Failure, attempted: Attempted): SshpoolError {
  const reason = describe(error);
  if (reason === 'Connection lost before handshake') return leftBy('closed', attempted);
  const { login, options, kexinit } = attempted;
  if (login && error.code === 2 && /authentication failures/i.test(reason)) {
    const peer = peerOf(attempted);
    const received = `Received disconnect from ${peer}:2: ${reason}`;
    const entries = [received, { info: `Disconnected from ${peer}` }];
    return markSaid(login.denied(['publickey'], reason), () => entries);
  }
  const failed = lostBy(reason, attempted, error);
  // Its chacha20-poly1305 runs in WebAssembly, for which a limit on memory may leave no room.
  if (error.name === 'RuntimeError') return markBeyondSsh2(failed, 'ssh2 has too little memory');
  const noCommon = /no matching (.*)/.exec(reason)?.[1];
  if (noCommon === undefined) return failed;
  const nothing = kexinit && noMatching(options, kexinit);
  if (nothing === undefined) return markBeyondSsh2(failed, `ssh2 has no matching ${noCommon}`);
  const info = `Unable to negotiate with ${peerOf(attempted)}: ${nothing}`;
  return markSaid(failed, () => [{ info }]);
}

/** The connection came to nothing, for this reason. */
export function lostBy(reason: string, { options, login }: Attempted, cause?: Error): SshpoolError {
  const { hostname: host, port } = options;
  const lost = SshpoolError.of('HANDSHAKE_FAILED', { host, port, reason }, cause);
  // The banner of a login may be longer than any packet that ssh2 reads (its MAX_PACKET_SIZE).
  const isTooLong = login !== undefined && reason.startsWith('Bad packet length');
  return isTooLong ? markBeyondSsh2(lost, 'ssh2 reads no packet that is so long') : lost;
}

/** As ssh names it. */
function peerOf({ stream, options }: Attempted): string {
  const { proxyCommand, jump, port } = options;
  const isDirect = proxyCommand === undefined && jump === undefined;
  if (!isDirect) return PROXY_PEER;
  const address = stream instanceof Socket ? stream.remoteAddress : undefined;
  return `${address ?? options.hostname} port ${port}`;
}
