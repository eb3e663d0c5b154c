/**
 * The byte stream to the server: a TCP connection made as ssh_config(5) says, or the standard
 * streams of a ProxyCommand. Knows nothing of SSH.
 */
import { connect, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { getSystemErrorMap } from 'node:util';
import { describe, SshpoolError } from '../base/errors.ts';
import type { Clock } from '../base/time.ts';
import type { SshOptions } from '../config/ssh-options.ts';

export interface TransportRequest {
  readonly options: SshOptions;
  /** Environment and directory of the caller, for the proxy command. */
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly note: (text: string) => void;
  readonly clock: Clock;
  /** The way through a jump host, where there is one: a stream to the target. */
  readonly jump: ((signal: AbortSignal) => Promise<Duplex>) | undefined;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
}

/** Pause between ConnectionAttempts, as ssh makes (sshconnect.c). */
const ATTEMPT_PAUSE_MS = 1000;

/**
 * Opens the stream.
 * @throws SshpoolError HOST_UNKNOWN, CONNECT_FAILED, PROXY_FAILED, and what keeps from the jump host
 */
export async function openTransport(request: TransportRequest): Promise<Duplex> {
  if (request.jump !== undefined) return request.jump(request.signal);
  const command = request.options.proxyCommand;
  if (command !== undefined) {
    // With it comes execa, which the first connection to any other host need not wait for.
    const { startProxy } = await import('./proxy.ts');
    return startProxy(command, request);
  }
  for (let attempt = 1; ; attempt++) {
    try {
      return await connectTcp(request);
    } catch (thrown) {
      if (attempt >= request.options.connectionAttempts || request.signal.aborted) throw thrown;
      await pause(request, ATTEMPT_PAUSE_MS);
    }
  }
}

const FAMILY = { any: 0, inet: 4, inet6: 6 } as const;

async function connectTcp({ options, signal }: TransportRequest): Promise<Socket> {
  const { hostname, port, addressFamily, bindAddress, tcpKeepAlive } = options;
  const wanted = FAMILY[addressFamily];
  // A literal has a family of its own, which Node connects to whatever was asked for.
  const own = isIP(hostname);
  if (own !== 0 && wanted !== 0 && own !== wanted) {
    const reason = 'Address family for hostname not supported';
    throw SshpoolError.of('HOST_UNKNOWN', { host: hostname, reason });
  }
  return new Promise((resolve, reject) => {
    const socket = connect({
      // A scope (fe80::1%eth0) is kept.
      host: hostname,
      port,
      family: own === 0 ? wanted : own,
      // Nagle's algorithm and delayed acknowledgements together cost 40 ms on each command.
      noDelay: true,
      keepAlive: tcpKeepAlive,
      ...(bindAddress === undefined ? {} : { localAddress: bindAddress }),
    });
    const abort = (): void => void socket.destroy(new Error('given up'));
    signal.addEventListener('abort', abort, { once: true });
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort);
      resolve(socket);
    });
    socket.once('error', (error) => {
      signal.removeEventListener('abort', abort);
      reject(failure(hostname, port, error));
    });
    if (signal.aborted) abort();
  });
}

function pause({ clock, signal }: TransportRequest, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.after(delayMs, resolve);
    signal.addEventListener('abort', () => {
      timer.cancel();
      resolve();
    });
  });
}

/** getaddrinfo(3)'s words, which ssh prints, for the codes that Node gives. */
const RESOLVER_WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'Name or service not known',
  EAI_AGAIN: 'Temporary failure in name resolution',
};

function failure(host: string, port: number, error: Error): SshpoolError {
  // With several addresses, the first failure says as much as the last.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const { code, syscall, errno } = first as NodeJS.ErrnoException;
  if (syscall === 'getaddrinfo') {
    const reason = RESOLVER_WORDS[code ?? ''] ?? describe(first);
    return SshpoolError.of('HOST_UNKNOWN', { host, reason }, error);
  }
  const words = errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1];
  const reason = words ? words.charAt(0).toUpperCase() + words.slice(1) : describe(first);
  return SshpoolError.of('CONNECT_FAILED', { host, port, reason }, error);
}
