/**
 * The byte stream to the server: a TCP connection, a tunnel through a jump host, or the standard
 * streams of a ProxyCommand. Knows nothing of SSH.
 */
import type { Duplex } from 'node:stream';
import type { Note } from '../link/prompts.ts';
import { connectTcp, type TcpRequest } from './tcp.ts';

/** A stream that counts its bytes: a socket, a tunnel, a proxy. */
export interface Transport extends Duplex {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** It does not keep the process alive by itself. */
  unref(): unknown;
}

export interface TransportRequest extends TcpRequest {
  /** Environment and directory of the caller, for the proxy command. */
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** A directory that only this user can enter, for sockets and pipes; its path is short. */
  readonly dir: string;
  readonly note: Note;
  /** Opens a stream to the target through the jump host, if there is one. */
  readonly jump: ((signal: AbortSignal) => Promise<Transport>) | undefined;
  /** Called when a ProxyCommand was started; `spoke` resolves when it has delivered data, or has ended. */
  readonly onProxy: (spoke: Promise<void>) => void;
}

/**
 * Opens the stream.
 * @throws SshpoolError HOST_UNKNOWN, CONNECT_FAILED, CONNECT_TIMEOUT, PROXY_FAILED, and the errors of the
 * jump host
 */
export async function openTransport(request: TransportRequest): Promise<Transport> {
  if (request.jump !== undefined) return request.jump(request.signal);
  const command = request.options.proxyCommand;
  if (command === undefined) return connectTcp(request);
  // It imports execa, for which a first connection without a ProxyCommand need not wait.
  const [{ startProxy }, { openPipes }] = await Promise.all([
    import('./proxy.ts'),
    import('./pipes.ts'),
  ]);
  const proxy = startProxy(command, request, await openPipes(request.dir));
  request.onProxy(proxy.spoke);
  return proxy;
}
