/**
 * An SSH server that accepts every login. From the first command on it sends one kind of message without
 * end, as fast as the network takes it.
 */
import { once } from 'node:events';
import { Writer } from '../../src/base/bytes.ts';
import { startHostileServer, type HostileServer, type Raw } from './hostile-server.ts';
import type { Sandbox } from './sandbox.ts';

/** The client's channel number of the command. */
type Flood = (channel: number) => Buffer;

/** A message of each kind; the numbers are those of RFC 4250 section 4.1. */
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

export interface FloodingServer extends HostileServer {
  /** How many messages were sent. */
  sent(): number;
  /** Stops the flood and goes on as a normal server. */
  calm(): void;
}

const PER_TURN = 200;
/** Messages that use up the client's window. */
const COUNTED: ReadonlySet<FloodKind> = new Set(['tiny data', 'tiny extended data']);

/** Sends as much as the socket and the window take; resolves when the flood or the connection has ended. */
async function flood(
  kind: FloodKind,
  { channel, outgoing, socket, send }: Raw,
  onSent: () => boolean,
): Promise<void> {
  const message = FLOODS[kind](channel);
  const isCounted = COUNTED.has(kind);
  for (let goesOn = true; goesOn && socket.writable;) {
    for (let count = 0; goesOn && count < PER_TURN && !socket.writableNeedDrain; count++) {
      if (isCounted && outgoing.window-- <= 0) break;
      send(message);
      goesOn = onSent();
    }
    await new Promise((resolve) => setImmediate(resolve));
    if (socket.writableNeedDrain) await once(socket, 'drain').catch(() => undefined);
  }
}

/** Starts it under an alias; with `deaf` it does not read the client's answers. */
export async function startFloodingServer(
  sandbox: Sandbox,
  name: string,
  kind: FloodKind,
  { deaf = false } = {},
): Promise<FloodingServer> {
  let [sent, isCalm] = [0, false];
  const server = await startHostileServer(sandbox, name, (raw) => {
    if (deaf) raw.socket.pause();
    void flood(kind, raw, () => {
      sent += 1;
      return !isCalm;
    });
  });
  return { ...server, sent: () => sent, calm: () => void (isCalm = true) };
}
