/** Sockets read into shared buffers: new memory for each read was two thirds of the work of an upload. */
import { Socket, type OnReadOpts, type Server } from 'node:net';

const fromCallers = Buffer.allocUnsafeSlow(64 * 1024);
/** Larger: a packet of a server that is split across chunks has to be copied. */
const fromServers = Buffer.allocUnsafeSlow(256 * 1024);

/** Node's onconnection (net.js): `status` is 0, or a negative error number. */
type OnConnection = (this: object, status: number, handle: object) => void;

/**
 * Chunks are valid until the listener returns. Avoids ordinary sockets: making one takes as long as reading
 * what the caller sent. Only if Node has no such handle, `connection` listeners get ordinary ones.
 */
export function acceptSharing(server: Server, onSocket: (socket: Socket) => void): void {
  const { _handle: handle } = server as unknown as { _handle?: { onconnection?: OnConnection } };
  const ordinary = handle?.onconnection;
  if (!handle || typeof ordinary !== 'function') return;
  handle.onconnection = function accept(status, connection) {
    if (status !== 0) ordinary.call(this, status, connection);
    else onSocket(sharingSocket(connection));
  };
}

function sharingSocket(handle: object): Socket {
  const callback = (bytes: number): boolean => {
    socket.emit('data', fromCallers.subarray(0, bytes));
    return true;
  };
  const onread = { buffer: fromCallers, callback };
  const options = { handle, readable: true, writable: true, onread };
  const socket: Socket = new Socket(options);
  return socket;
}

const sharing = new WeakSet<object>();

/** For net.connect: an ordinary socket until `shareReads` is called with it. */
export function shareableReads(): OnReadOpts {
  return {
    buffer: fromServers,
    callback(this: Socket, bytes: number): boolean {
      const chunk = fromServers.subarray(0, bytes);
      // Data that is already buffered comes first.
      const direct = sharing.has(this) && this.readableFlowing && this.readableLength === 0;
      if (!direct) return this.push(Buffer.from(chunk));
      this.emit('data', chunk);
      return true;
    },
  };
}

/** Declares that the listeners keep no chunk of `stream`. No effect on streams of another origin. */
export function shareReads(stream: object): void {
  sharing.add(stream);
}
