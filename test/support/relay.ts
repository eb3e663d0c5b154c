/**
 * A TCP relay on loopback between the client and a server. It simulates a bad network: slow, silent, or
 * reset after a number of bytes. It does not know the SSH protocol.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface RelayOptions {
  /** Delay of each chunk, in each direction. */
  readonly delayMs?: number;
  /** Each chunk is split into pieces of this size. */
  readonly pieceBytes?: number;
  /** Called for each new connection: it is reset after this many bytes or this much time. */
  readonly lasts?: () => Lifetime;
  /** Called when a connection is reset because of `lasts`. */
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
  /** How many connections were accepted so far. */
  accepted(): number;
  /** How many connections are open now. */
  connections(): number;
  /** From now on no data passes, on new connections either, and both ends see no error. */
  stall(): void;
  /** Ends a stall; the data that was held back passes. */
  resume(): void;
  /** From now on data of the open connections in this direction is dropped, and both ends see no error. */
  swallow(direction: Direction): void;
  /** Resets every connection. */
  drop(): void;
  /** Resets each connection after `bytes` more, counted in both directions together. */
  dropAfter(bytes: number): void;
  /** Accepts no more connections (they are refused) and resets the open ones. */
  close(): Promise<void>;
}

interface Wire {
  readonly client: Socket;
  readonly server: Socket;
  /** How many more bytes may pass. */
  allowance: number;
  /** Directions whose data is dropped. */
  readonly swallowed: Set<Direction>;
  /** Resets both ends. */
  readonly cut: () => void;
  /** The same, because the allowance is used up. */
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
    // The address of a TCP listener has this type.
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
    // The sockets may have closed meanwhile.
    if (!client.destroyed) onCut?.();
    cut();
  };
  const swallowed = new Set<Direction>();
  const wire = { client, server, allowance: Infinity, swallowed, cut, expire };
  wires.add(wire);
  for (const socket of ends) {
    // 'close' follows, and a reset is expected here.
    socket.on('error', () => undefined);
    socket.once('close', (failed) => {
      // After a normal end, end of file was passed on behind the data that is still on its way.
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
    // The reset waits until the allowed bytes were sent.
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
