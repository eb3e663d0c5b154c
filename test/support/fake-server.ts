/**
 * An SSH server that refuses or ignores requests as the test wants, behind a relay that can stall or
 * reset the connections. Commands run in a real /bin/sh.
 */
import type { Algorithms, Connection } from 'ssh2';
import { startEmbeddedServer } from '../../demo/embedded-server.js';
import { otherHostBlockOf } from './host-block.ts';
import { type Relay, startRelay } from './relay.ts';
import type { Sandbox } from './sandbox.ts';

/** How the server handles a request; `stall` never answers it. */
export type Decision = 'accept' | 'refuse' | 'stall';

export interface FakeServerOptions {
  /** The alias in ssh_config and the directory in the sandbox; `fake` by default. */
  readonly name?: string;
  /** Called for each session, counted from 1 over all connections. */
  readonly onSession?: (count: number) => Decision;
  /** Called for each request in a session: `env`, `exec`, `signal` or any other by its name. */
  readonly onRequest?: (type: string, detail: string) => Decision;
  readonly delayMs?: number;
  readonly algorithms?: Algorithms;
  /** Its version string; that of ssh2 by default. */
  readonly ident?: string;
  /** Called for each connection; `hangUp` closes it without a message. */
  readonly onConnection?: (connection: Connection, hangUp: () => void) => void;
}

export interface FakeServer extends AsyncDisposable {
  /** The relay's port on 127.0.0.1. */
  readonly port: number;
  /** The relay before the server. */
  readonly network: Relay;
  /** The private key that the server accepts, as text and as a file. */
  readonly userKey: string;
  readonly identity: string;
  readonly knownHosts: string;
  /** How many sessions clients opened. */
  opens(): number;
  /** Every request in a session, as `exec true` or `env A=b`. */
  readonly requests: readonly string[];
  readonly hostBlock: string;
  /** Writes an ssh_config and returns its path; `extra` is put first, so it takes precedence. */
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
