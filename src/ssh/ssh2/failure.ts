/** Why a connect over ssh2 failed: errors of ssh2 and the transport, in the words of sshpool and ssh. */
import { Socket } from 'node:net';
import { describe, SshpoolError } from '../../base/errors.ts';
import { systemWords } from '../../base/system-words.ts';
import type { SshOptions } from '../../config/ssh-options.ts';
import type { Login } from '../login/auth.ts';
import { markBeyondSsh2 } from '../link/beyond-ssh2.ts';
import { noMatching } from './negotiation.ts';
import { earlyEnd, endedBy, markSaid, PROXY_PEER, type SaidBySsh } from '../link/said-by-ssh.ts';
import type { Transport } from '../transport/transport.ts';

/** How far the attempt got. */
export interface Attempted {
  readonly options: SshOptions;
  readonly stream: Transport;
  /** What the server sent instead of an identification; undefined once that was received. */
  readonly insteadOfSsh: string | undefined;
  /** The server's KEXINIT, while the first key exchange is not over. */
  readonly kexinit: Buffer | undefined;
  /** Once the host key is verified. */
  readonly login: Login | undefined;
  /** About how many milliseconds the server still refuses this address, if known. */
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

/** The time limit was reached: in ssh, ConnectTimeout covers the server's identification, too (kex.c). */
export function expired(error: unknown, attempted: Attempted): void {
  const { options, insteadOfSsh } = attempted;
  if (!(error instanceof SshpoolError) || error.code !== 'CONNECT_TIMEOUT') return;
  // Without ConnectTimeout ssh waits on; after the identification the server has no limit in ssh.
  if (options.connectTimeoutMs === undefined || insteadOfSsh === undefined) return;
  const info = `Connection to ${peerOf(attempted)} timed out`;
  markSaid(error, () => ['Connection timed out during banner exchange', { info }]);
}

function endWords(how: 'closed' | 'reset', attempted: Attempted): SaidBySsh {
  const end = endedBy(how, peerOf(attempted));
  const isSsh = attempted.insteadOfSsh === undefined;
  return (version) => [...(isSsh ? [] : earlyEnd(how, version)), end];
}

/** sshd_config(5), PerSourcePenalties: the shortest of the default times is 15 s. */
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
  // ssh2's chacha20-poly1305 runs in WebAssembly, which may not fit into a memory limit.
  if (error.name === 'RuntimeError') return markBeyondSsh2(failed, 'ssh2 has too little memory');
  const noCommon = /no matching (.*)/.exec(reason)?.[1];
  if (noCommon === undefined) return failed;
  const nothing = kexinit && noMatching(options, kexinit);
  if (nothing === undefined) return markBeyondSsh2(failed, `ssh2 has no matching ${noCommon}`);
  const info = `Unable to negotiate with ${peerOf(attempted)}: ${nothing}`;
  return markSaid(failed, () => [{ info }]);
}

/** The connect failed, for this reason. */
export function lostBy(reason: string, { options, login }: Attempted, cause?: Error): SshpoolError {
  const { hostname: host, port } = options;
  const lost = SshpoolError.of('HANDSHAKE_FAILED', { host, port, reason }, cause);
  // The banner of a login may be longer than any packet that ssh2 reads (its MAX_PACKET_SIZE).
  const isTooLong = login !== undefined && reason.startsWith('Bad packet length');
  return isTooLong ? markBeyondSsh2(lost, 'ssh2 reads no packet that is so long') : lost;
}

/** The peer, as ssh names it. */
function peerOf({ stream, options }: Attempted): string {
  const { proxyCommand, jump, port } = options;
  const isDirect = proxyCommand === undefined && jump === undefined;
  if (!isDirect) return PROXY_PEER;
  const address = stream instanceof Socket ? stream.remoteAddress : undefined;
  return `${address ?? options.hostname} port ${port}`;
}
