/**
 * Sockets that all read into one buffer. Node allocates 64 KiB for each read, and because that memory
 * is outside V8's heap, V8 reacts with full collections: two thirds of the work of an upload. A
 * client's socket can be given a buffer (`onread` of net.connect), and so can one made for the handle
 * of an accepted connection. Chunks of their `data` events are valid until the listener returns.
 */
import { Socket, type OnReadOpts, type Server } from 'node:net';

/** One read from a caller. One buffer for all. */
const fromCallers = Buffer.allocUnsafeSlow(64 * 1024);
/** Larger for servers: a packet split across chunks has to be copied. */
const fromServers = Buffer.allocUnsafeSlow(256 * 1024);

/** Node's callback for a connection (net.js, onconnection): with 0, or a negative error number. */
type OnConnection = (this: object, status: number, handle: object) => void;

/**
 * Makes the sockets of a listening server read into that one buffer. Its `connection` listeners get
 * sockets only if Node has no such handle; these are ordinary ones. Ordinary sockets are avoided
 * because creating one takes as long as reading what the caller sent.
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
