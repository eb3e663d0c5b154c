/**
 * An SSH server with faults to order: it refuses or leaves open what it is asked, behind a relay
 * that stalls and tears the network. Commands run in a real /bin/sh.
 */
import type { Algorithms, Connection } from 'ssh2';
import { startEmbeddedServer } from '../../demo/embedded-server.js';
import { otherHostBlockOf } from './host-block.ts';
import { type Relay, startRelay } from './relay.ts';
import type { Sandbox } from './sandbox.ts';

/** What becomes of a request; `stall` never answers it. */
export type Decision = 'accept' | 'refuse' | 'stall';

export interface FakeServerOptions {
  /** The alias in ssh_config and the directory in the sandbox; `fake` unless given. */
  readonly name?: string;
  /** Asked for each session, counted from 1 over all connections. */
  readonly onSession?: (count: number) => Decision;
  /** Asked for each request in a session: `env`, `exec`, `signal` or any other by its name. */
  readonly onRequest?: (type: string, detail: string) => Decision;
  readonly delayMs?: number;
  readonly algorithms?: Algorithms;
  /** Its version; that of ssh2 unless given. */
  readonly ident?: string;
  /** Told of each connection; `hangUp` ends it without a word. */
  readonly onConnection?: (connection: Connection, hangUp: () => void) => void;
}

export interface FakeServer extends AsyncDisposable {
  /** The relay's port on 127.0.0.1. */
  readonly port: number;
  /** The network before the server, with its faults. */
  readonly network: Relay;
  /** The private key that it lets in, as text and as a file. */
  readonly userKey: string;
  readonly identity: string;
  readonly knownHosts: string;
  /** How many sessions were asked for. */
  opens(): number;
  /** Every request in a session, as `exec true` or `env A=b`. */
  readonly requests: readonly string[];
  readonly hostBlock: string;
  /** Writes an ssh_config and returns its path; `extra` goes first, and so wins. */
  config(extra?: string): string;
  close(): Promise<void>;
}

export async function startFakeServer(
  sandbox: Sandbox,
  options: FakeServerOptions = {},
): Promise<FakeServer> {
  const { name = 'fake', algorithms, ident, onConnection } = options;
  const requests: string[] = [];
  let opens = 0;
  const server = await startEmbeddedServer({
    ...(algorithms && { algorithms }),
    ...(ident && { ident }),
    ...(onConnection && { onConnection }),
    onSession: () => {
      opens += 1;
      return options.onSession?.(opens) ?? 'accept';
    },
    onRequest: (type, detail) => {
      requests.push(`${type} ${detail}`.trim());
      return options.onRequest?.(type, detail) ?? 'accept';
    },
  });
  const network = await startRelay(server.port, options);
  const close = async (): Promise<void> => {
    await network.close();
    await server.close();
  };
  sandbox.defer(close);

  const { port } = network;
  const { private: userKey } = server.userKey;
  const identity = sandbox.write(`${name}/user`, userKey);
  const knownHosts = sandbox.write(
    `${name}/known_hosts`,
    `[127.0.0.1]:${port} ${server.hostKey}\n`,
  );
  const hostBlock = otherHostBlockOf({
    name,
    port,
    user: 'fake',
    identities: [identity],
    knownHosts,
  });
  let configs = 0;
  return {
    port,
    hostBlock,
    network,
    userKey,
    identity,
    knownHosts,
    requests,
    close,
    opens: () => opens,
    config: (extra = '') =>
      sandbox.write(`${name}/ssh_config-${(configs += 1)}`, `${extra}\n${hostBlock}\n`),
    [Symbol.asyncDispose]: close,
  };
}
