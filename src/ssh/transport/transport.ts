/** The byte stream to the server: a TCP connection, a tunnel through a jump host, or a ProxyCommand. */
import type { Duplex } from 'node:stream';
import type { Note } from '../link/prompts.ts';
import { connectTcp, type TcpRequest } from './tcp.ts';

export interface Transport extends Duplex {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  unref(): unknown;
}

export interface TransportRequest extends TcpRequest {
  /** Of the caller, for the ProxyCommand. */
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** A directory that only this user can enter, for sockets and pipes; its path is short. */
  readonly dir: string;
  readonly note: Note;
  readonly jump: ((signal: AbortSignal) => Promise<Transport>) | undefined;
  /** `spoke` resolves when a ProxyCommand has delivered data, or has ended. */
  readonly onProxy: (spoke: Promise<void>) => void;
}

/** @throws SshpoolError HOST_UNKNOWN, CONNECT_FAILED, CONNECT_TIMEOUT, PROXY_FAILED; those of a jump host */
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
