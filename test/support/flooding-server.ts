/**
 * An SSH server that lets everybody in and then sends one kind of message without end, as fast as the
 * network takes it, from the first command on.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import ssh2 from 'ssh2';
import { generateKey } from '../../demo/embedded-server.js';
import { Writer } from '../../src/base/bytes.ts';
import type { Protocol } from '../../src/ssh/ssh2-internals.ts';
import { sendMessage } from '../../src/ssh/ssh2-packets.ts';
import { hostBlockOf } from './host-block.ts';
import { startLoopback } from './loopback.ts';
import type { Sandbox } from './sandbox.ts';

/** The client's number of the channel of the command. */
type Flood = (channel: number) => Buffer;

/** A message of each kind; numbers are those of RFC 4250 section 4.1. */
export const FLOODS = {
  opens: () => new Writer().byte(90).string('x11').u32(1).u32(9).u32(9).finish(),
  'channel requests': (channel) =>
    new Writer().byte(98).u32(channel).string('any').bool(true).finish(),
  'global requests': () => new Writer().byte(80).string('any').bool(true).finish(),
  ignore: () => new Writer().byte(2).string('').finish(),
  debug: () => new Writer().byte(4).bool(true).string('psst').string('').finish(),
  unimplemented: () => new Writer().byte(3).u32(1).finish(),
  'unknown messages': () => Buffer.of(200),
  'window adjusts': (channel) => new Writer().byte(93).u32(channel).u32(1).finish(),
  'tiny data': (channel) => new Writer().byte(94).u32(channel).string('x').finish(),
  'tiny extended data': (channel) => new Writer().byte(95).u32(channel).u32(7).string('x').finish(),
} satisfies Record<string, Flood>;

export type FloodKind = keyof typeof FLOODS;

export interface FloodingServer {
  /** Messages that were sent. */
  sent(): number;
  /** Connections that are open. */
  connections(): number;
  /** It goes on without a flood. */
  calm(): void;
  readonly hostBlock: string;
}

/** What of ssh2's channel of a command is used. */
interface Channel {
  readonly outgoing: { readonly id: number; window: number };
}

const PER_TURN = 200;
/** What takes of the client's window. */
const COUNTED: ReadonlySet<FloodKind> = new Set(['tiny data', 'tiny extended data']);

/** Sends as much as socket and window take; resolves when it is over. */
async function flood(
  kind: FloodKind,
  protocol: Protocol,
  socket: Socket,
  { outgoing }: Channel,
  onSent: () => boolean,
): Promise<void> {
  const message = FLOODS[kind](outgoing.id);
  const isCounted = COUNTED.has(kind);
  for (let goesOn = true; goesOn && socket.writable;) {
    for (let count = 0; goesOn && count < PER_TURN && !socket.writableNeedDrain; count++) {
      if (isCounted && outgoing.window-- <= 0) break;
      sendMessage(protocol, [message]);
      goesOn = onSent();
    }
    await new Promise((resolve) => setImmediate(resolve));
    if (socket.writableNeedDrain) await once(socket, 'drain').catch(() => undefined);
  }
}

/** Starts it under an alias; reads nothing of what it makes the client say where it is `deaf`. */
export async function startFloodingServer(
  sandbox: Sandbox,
  name: string,
  kind: FloodKind,
  { deaf = false } = {},
): Promise<FloodingServer> {
  const key = generateKey();
  let [sent, isCalm] = [0, false];
  const loopback = await startLoopback(sandbox, (socket) => {
    const ssh = new ssh2.Server({ hostKeys: [key.private] }, (connection) => {
      const { _protocol: protocol } = connection as unknown as { readonly _protocol: Protocol };
      connection.on('error', () => undefined);
      connection.on('authentication', (context) => context.accept());
      connection.on('session', (accept) => {
        accept().on('exec', (acceptExec) => {
          const channel = acceptExec();
          channel.on('error', () => undefined);
          channel.resume();
          if (deaf) socket.pause();
          void flood(kind, protocol, socket, channel as unknown as Channel, () => {
            sent += 1;
            return !isCalm;
          });
        });
      });
    });
    ssh.injectSocket(socket);
  });
  const { port } = loopback;
  const knownHosts = sandbox.write(`${name}/known`, `[127.0.0.1]:${port} ${key.public}\n`);
  return {
    sent: () => sent,
    connections: () => loopback.connections(),
    calm: () => void (isCalm = true),
    hostBlock: hostBlockOf({ name, port, user: 'any', identities: [], knownHosts }),
  };
}
