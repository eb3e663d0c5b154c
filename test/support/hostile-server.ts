/**
 * An SSH server on loopback that accepts every login. At the first command of each connection it sends
 * the raw messages of RFC 4254 that the test wants.
 */
import type { Socket } from 'node:net';
import ssh2 from 'ssh2';
import { generateKey } from '../../demo/embedded-server.js';
import type { Protocol } from '../../src/ssh/ssh2/protocol.ts';
import { sendMessage } from '../../src/ssh/ssh2/packets.ts';
import { otherHostBlockOf } from './host-block.ts';
import { startLoopback } from './loopback.ts';
import type { Sandbox } from './sandbox.ts';

/** One connection on which a command was requested and granted. */
export interface Raw {
  /** The client's number of the command's channel. */
  readonly channel: number;
  /** The client's remaining window as ssh2 counts it; `send` does not count. */
  readonly outgoing: { window: number };
  readonly socket: Socket;
  /** How many commands were requested over all connections, this one included. */
  readonly count: number;
  /** Sends the payload of a packet unchanged. */
  readonly send: (payload: Buffer) => void;
  /** Ends the command with status 0. */
  readonly exit: () => void;
  /** Starts a new key exchange with another host key. */
  readonly rekeyAsAnother: () => void;
}

export interface HostileServer {
  /** How many connections are open. */
  connections(): number;
  readonly hostBlock: string;
}

interface Internals {
  readonly _protocol: Protocol & { readonly _hostKeys: Record<string, unknown> };
}
interface Channel {
  readonly outgoing: { readonly id: number; window: number };
}

export async function startHostileServer(
  sandbox: Sandbox,
  name: string,
  onExec: (raw: Raw) => void,
  { ident }: { /** The software version, such as OpenSSH_9.2. */ readonly ident?: string } = {},
): Promise<HostileServer> {
  const key = generateKey();
  let count = 0;
  const serve = (connection: ssh2.Connection, socket: Socket): void => {
    const { _protocol: protocol } = connection as unknown as Internals;
    connection.on('error', () => undefined);
    connection.on('authentication', (context) => context.accept());
    connection.on('session', (accept) => {
      accept().on('exec', (acceptExec) => {
        const stream = acceptExec();
        stream.on('error', () => undefined).resume();
        const { outgoing } = stream as unknown as Channel;
        count += 1;
        onExec({
          ...{ channel: outgoing.id, outgoing, socket, count },
          send: (payload) => void sendMessage(protocol, [payload]),
          exit() {
            stream.exit(0);
            stream.end();
          },
          rekeyAsAnother() {
            protocol._hostKeys['ssh-ed25519'] = ssh2.utils.parseKey(generateKey().private);
            protocol.rekey();
          },
        });
      });
    });
  };
  const loopback = await startLoopback(sandbox, (socket) => {
    new ssh2.Server({ hostKeys: [key.private], ...(ident && { ident }) }, (connection) => {
      serve(connection, socket);
    }).injectSocket(socket);
  });
  const { port } = loopback;
  const knownHosts = sandbox.write(`${name}/known`, `[127.0.0.1]:${port} ${key.public}\n`);
  return {
    connections: () => loopback.connections(),
    hostBlock: otherHostBlockOf({ name, port, user: 'any', identities: [], knownHosts }),
  };
}
