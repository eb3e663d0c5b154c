/** A TCP connection as ssh makes it (sshconnect.c): Node itself gives each address a quarter of a second. */
import type { LookupAddress } from 'node:dns';
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import { describe, SshpoolError } from '../../base/errors.ts';
import { shareableReads } from '../../base/shared-reads.ts';
import { systemWords } from '../../base/system-words.ts';
import type { Clock, Timer } from '../../base/time.ts';
import type { SshOptions } from '../../config/ssh-config/options.ts';
import {
  noSource,
  resolveAddresses,
  resolverWords,
  sourceAddress,
  type Lookup,
} from './addresses.ts';

export interface TcpRequest {
  readonly options: SshOptions;
  readonly clock: Clock;
  /** For one try at one address. */
  readonly timeoutMs: number;
  /** Pauses the overall limit during a try that is not the last one. */
  readonly aside: <T>(wait: () => Promise<T>) => Promise<T>;
  readonly signal: AbortSignal;
}

export interface Network {
  readonly lookup: Lookup;
  readonly connect: (options: TcpNetConnectOpts) => Socket;
}

/** As ssh between ConnectionAttempts. */
const ATTEMPT_PAUSE_MS = 1000;

/** @throws SshpoolError HOST_UNKNOWN; CONNECT_FAILED and CONNECT_TIMEOUT, of the last try */
export async function connectTcp(
  request: TcpRequest,
  network: Network = { lookup: resolveAddresses, connect },
): Promise<Socket> {
  const { options, aside, signal } = request;
  const addresses = await addressesOf(request, network.lookup);
  for (let attempt = 1; ; attempt++) {
    for (const [index, address] of addresses.entries()) {
      const isLast = attempt >= options.connectionAttempts && index === addresses.length - 1;
      if (isLast) return connectTo(address, request, network);
      try {
        const limited = { ...request, limitMs: request.timeoutMs };
        return await aside(() => connectTo(address, limited, network));
      } catch (thrown) {
        if (signal.aborted) throw thrown;
      }
    }
    await aside(() => pause(request, ATTEMPT_PAUSE_MS));
  }
}

async function addressesOf(
  { options, signal }: TcpRequest,
  lookup: Lookup,
): Promise<LookupAddress[]> {
  const { hostname: host, addressFamily } = options;
  try {
    return await untilAborted(lookup(host, addressFamily), signal);
  } catch (thrown) {
    throw SshpoolError.of('HOST_UNKNOWN', { host, reason: resolverWords(thrown) }, thrown);
  }
}

interface Try extends TcpRequest {
  readonly limitMs?: number;
}

async function connectTo(
  { address, family }: LookupAddress,
  { options, clock, signal, limitMs }: Try,
  network: Network,
): Promise<Socket> {
  const { hostname: host, port, tcpKeepAlive } = options;
  const localAddress = await untilAborted(sourceAddress(options, family, network.lookup), signal);
  return new Promise((resolve, reject) => {
    const socket = network.connect({
      host: address,
      port,
      // Nagle's algorithm and delayed acknowledgements together cost 40 ms on each command.
      noDelay: true,
      keepAlive: tcpKeepAlive,
      onread: shareableReads(),
      ...(localAddress === undefined ? {} : { localAddress }),
    });
    const timer =
      limitMs === undefined
        ? undefined
        : clock.after(limitMs, () =>
            socket.destroy(SshpoolError.of('CONNECT_TIMEOUT', { host, port, timeoutMs: limitMs })),
          );
    const abort = (): void => void socket.destroy(new Error('given up'));
    const settle = (): void => {
      timer?.cancel();
      signal.removeEventListener('abort', abort);
    };
    signal.addEventListener('abort', abort, { once: true });
    socket.once('connect', () => {
      settle();
      resolve(socket);
    });
    socket.once('error', (error) => {
      settle();
      reject(error instanceof SshpoolError ? error : failure(host, port, error));
    });
    if (signal.aborted) abort();
  });
}

/** Stops waiting when aborted; the operation itself cannot be cancelled. */
function untilAborted<T>(wait: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new Error('given up'));
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    wait.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

async function pause({ clock, signal }: TcpRequest, delayMs: number): Promise<void> {
  let timer: Timer | undefined;
  const over = new Promise<void>((resolve) => (timer = clock.after(delayMs, resolve)));
  await untilAborted(over, signal).finally(() => timer?.cancel());
}

function failure(host: string, port: number, error: NodeJS.ErrnoException): SshpoolError {
  const said = systemWords(error) ?? describe(error);
  if (error.syscall !== 'bind') {
    return SshpoolError.of('CONNECT_FAILED', { host, port, reason: said }, error);
  }
  const { address = '' } = error as { address?: string };
  return noSource({ host, port, reason: `bind: ${said}` }, `bind ${address}: ${said}`, error);
}
