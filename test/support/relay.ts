/**
 * A TCP relay on loopback that a test puts before a server to be the bad network: slow, silent, or
 * torn off after so many bytes. It knows nothing of ssh.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface RelayOptions {
  /** Each chunk arrives this much later, in each direction. */
  readonly delayMs?: number;
  /** Each chunk is passed on in pieces of this size. */
  readonly pieceBytes?: number;
  /** Asked at each new connection: it is reset after so many bytes or so much time. */
  readonly lasts?: () => Lifetime;
  /** Told when a connection is reset because of `lasts`. */
  readonly onCut?: () => void;
}

export interface Lifetime {
  readonly bytes?: number;
  readonly ms?: number;
}

export type Direction = 'toServer' | 'toClient';

export interface Relay extends AsyncDisposable {
  /** On 127.0.0.1. */
  readonly port: number;
  /** How many connections were ever taken. */
  accepted(): number;
  /** How many are open now. */
  connections(): number;
  /** From now on nothing passes, on new connections either, and nobody is told. */
  stall(): void;
  /** Ends a stall; what was held back passes. */
  resume(): void;
  /** From now on what the open connections send that way is thrown away, and nobody is told. */
  swallow(direction: Direction): void;
  /** Resets every connection. */
  drop(): void;
  /** Resets each connection once `bytes` more have passed on it, both directions together. */
  dropAfter(bytes: number): void;
  /** Takes no more connections (they are refused) and resets the open ones. */
  close(): Promise<void>;
}

interface Wire {
  readonly client: Socket;
  readonly server: Socket;
  /** How many bytes may still pass. */
  allowance: number;
  /** What is thrown away. */
  readonly swallowed: Set<Direction>;
  /** Resets both ends. */
  readonly cut: () => void;
  /** The same because what was allowed is used up. */
  readonly expire: () => void;
}

/** Starts a relay to `targetPort` on 127.0.0.1. */
export async function startRelay(targetPort: number, options: RelayOptions = {}): Promise<Relay> {
  const wires = new Set<Wire>();
  const state = { accepted: 0, stalled: false, allowance: Infinity };
  const listener = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    state.accepted += 1;
    const server = connect({
      port: targetPort,
      host: '127.0.0.1',
      noDelay: true,
      allowHalfOpen: true,
    });
    const wire = join(wires, client, server, options.onCut);
    wire.allowance = state.allowance;
    limit(wire, options.lasts?.());
    forward('toServer', wire, options);
    forward('toClient', wire, options);
    if (state.stalled) hold(wire);
  });
  const port = await listen(listener);
  const drop = (): void => [...wires].forEach((wire) => wire.cut());
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => void listener.close(() => resolve()));
    drop();
    await closed;
  };
  return {
    port,
    accepted: () => state.accepted,
    connections: () => wires.size,
    stall() {
      state.stalled = true;
      wires.forEach(hold);
    },
    resume() {
      state.stalled = false;
      for (const { client, server } of wires) [client, server].forEach((socket) => socket.resume());
    },
    swallow(direction) {
      for (const { swallowed } of wires) swallowed.add(direction);
    },
    drop,
    dropAfter(bytes) {
      state.allowance = bytes;
      for (const wire of wires) wire.allowance = bytes;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function listen(listener: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    listener.once('error', reject);
    // What listens on a port has an address of this kind.
    listener.listen(0, '127.0.0.1', () => resolve((listener.address() as AddressInfo).port));
  });
}

function hold({ client, server }: Wire): void {
  client.pause();
  server.pause();
}

function limit(wire: Wire, { bytes, ms }: Lifetime = {}): void {
  if (bytes !== undefined) wire.allowance = bytes;
  if (ms === undefined) return;
  const timer = setTimeout(wire.expire, ms);
  wire.client.once('close', () => clearTimeout(timer));
}

function join(wires: Set<Wire>, client: Socket, server: Socket, onCut?: () => void): Wire {
  const ends = [client, server];
  const cut = (): void => ends.forEach((socket) => void socket.resetAndDestroy());
  const expire = (): void => {
    // Its ends may have gone by themselves meanwhile.
    if (!client.destroyed) onCut?.();
    cut();
  };
  const swallowed = new Set<Direction>();
  const wire = { client, server, allowance: Infinity, swallowed, cut, expire };
  wires.add(wire);
  for (const socket of ends) {
    // 'close' follows, and a reset is what this is about.
    socket.on('error', () => undefined);
    socket.once('close', (failed) => {
      // One that ended well has passed its end on, behind what is still under way.
      if (failed) cut();
      if (ends.every(({ destroyed }) => destroyed)) wires.delete(wire);
    });
  }
  return wire;
}

function forward(
  direction: Direction,
  wire: Wire,
  { delayMs = 0, pieceBytes = Infinity }: RelayOptions,
): void {
  const { client, server } = wire;
  const [from, to] = direction === 'toServer' ? [client, server] : [server, client];
  const later = (run: () => void): void => {
    if (delayMs > 0) setTimeout(run, delayMs);
    else run();
  };
  const pass = (chunk: Buffer): void => {
    if (wire.swallowed.has(direction)) return;
    const part = chunk.subarray(0, wire.allowance);
    wire.allowance -= part.length;
    // The cut waits until what was allowed has left.
    const torn = wire.allowance <= 0;
    const pieces = piecesOf(part, pieceBytes);
    for (const piece of pieces.slice(0, -1)) to.write(piece);
    if (to.write(pieces.at(-1) ?? part, torn ? wire.expire : undefined) || torn) return;
    from.pause();
    to.once('drain', () => from.resume());
  };
  from.on('data', (chunk) => later(() => pass(chunk)));
  from.once('end', () => later(() => to.end()));
}

function piecesOf(chunk: Buffer, bytes: number): Buffer[] {
  if (chunk.length <= bytes) return [chunk];
  const count = Math.ceil(chunk.length / bytes);
  return Array.from({ length: count }, (_, i) => chunk.subarray(i * bytes, (i + 1) * bytes));
}
