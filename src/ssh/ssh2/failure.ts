/** Why a connect over ssh2 failed: errors of ssh2 and the transport, in the words of sshpool and ssh. */
import { Socket } from 'node:net';
import type { ErrorData } from '../../base/error-table.ts';
import { describe, SshpoolError } from '../../base/errors.ts';
import { systemWords } from '../../base/system-words.ts';
import type { SshOptions } from '../../config/ssh-config/options.ts';
import type { Login } from '../login/auth.ts';
import { PROXY_PEER } from '../link/hop-error.ts';
import { noMatching } from './negotiation.ts';
import type { Transport } from '../transport/transport.ts';

/** `insteadOfSsh` is undefined once the server identified itself; `login` until its host key is verified. */
export interface Attempted {
  readonly options: SshOptions;
  readonly stream: Transport;
  readonly insteadOfSsh: string | undefined;
  readonly kexinit: Buffer | undefined;
  readonly login: Login | undefined;
  readonly keptOutMs: number | undefined;
}

type Failure = Error & { readonly code?: unknown };

/** An error of the transport. */
export function brokenBy(error: Failure, attempted: Attempted): SshpoolError {
  if (error instanceof SshpoolError) {
    const data = error.dataOf('PROXY_FAILED');
    return data ? SshpoolError.of('PROXY_FAILED', { ...data, isSsh: isSsh(attempted) }) : error;
  }
  if (error.code === 'ECONNRESET') return leftBy('reset', attempted);
  if (error.code === 'EPIPE') return leftBy('closed', attempted);
  return lostBy(systemWords(error) ?? describe(error), attempted);
}

export function leftBy(how: 'closed' | 'reset', attempted: Attempted): SshpoolError {
  const { options, insteadOfSsh: said, keptOutMs } = attempted;
  const { hostname: host, port } = options;
  return SshpoolError.of('SERVER_LEFT', {
    host,
    port,
    how,
    isSsh: isSsh(attempted),
    peer: peerOf(attempted),
    said: explained(said ?? '', keptOutMs),
  });
}

function isSsh({ insteadOfSsh }: Attempted): boolean {
  return insteadOfSsh === undefined;
}

/** In ssh, ConnectTimeout covers the server's identification, too (kex.c). */
export function aborted(error: SshpoolError, attempted: Attempted): SshpoolError {
  const data = error.dataOf('CONNECT_TIMEOUT');
  // Without ConnectTimeout ssh waits on; after the identification the server has no limit in ssh.
  const isLimit = attempted.options.connectTimeoutMs !== undefined && !isSsh(attempted);
  if (data === undefined || !isLimit) return error;
  const info = `Connection to ${peerOf(attempted)} timed out`;
  const logged = ['Connection timed out during banner exchange', { info }];
  return SshpoolError.of('CONNECT_TIMEOUT', { ...data, logged });
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
    return login.denied(['publickey'], { words: reason, logged: entries });
  }
  // ssh2's chacha20-poly1305 runs in WebAssembly, which may not fit into a memory limit.
  if (error.name === 'RuntimeError') {
    return lostBy(reason, attempted, { beyondSsh2: 'ssh2 has too little memory' }, error);
  }
  const noCommon = /no matching (.*)/.exec(reason)?.[1];
  if (noCommon === undefined) return lostBy(reason, attempted, {}, error);
  const nothing = kexinit && noMatching(options, kexinit);
  if (nothing === undefined) {
    return lostBy(reason, attempted, { beyondSsh2: `ssh2 has no matching ${noCommon}` }, error);
  }
  const info = `Unable to negotiate with ${peerOf(attempted)}: ${nothing}`;
  return lostBy(reason, attempted, { logged: [{ info }] }, error);
}

export function lostBy(
  reason: string,
  { options, login }: Attempted,
  more: Pick<ErrorData<'HANDSHAKE_FAILED'>, 'logged' | 'beyondSsh2'> = {},
  cause?: Error,
): SshpoolError {
  const { hostname: host, port } = options;
  // The banner of a login may be longer than any packet that ssh2 reads (its MAX_PACKET_SIZE).
  const isTooLong = login !== undefined && reason.startsWith('Bad packet length');
  const beyond = isTooLong ? { beyondSsh2: 'ssh2 reads no packet that is so long' } : {};
  return SshpoolError.of('HANDSHAKE_FAILED', { host, port, reason, ...beyond, ...more }, cause);
}

function peerOf({ stream, options }: Attempted): string {
  const { proxyCommand, jump, port } = options;
  const isDirect = proxyCommand === undefined && jump === undefined;
  if (!isDirect) return PROXY_PEER;
  const address = stream instanceof Socket ? stream.remoteAddress : undefined;
  return `${address ?? options.hostname} port ${port}`;
}
