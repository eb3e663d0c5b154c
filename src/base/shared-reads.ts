/**
 * Sockets that all read into one buffer. Node makes a buffer of 64 KiB for each read, and as that
 * memory is not V8's own, V8 answers it with full collections: two thirds of the work of an upload.
 * A client's socket may be told where to read (`onread` of net.connect), and so may one that is made
 * for the handle of an accepted one. Chunks of their `data` events are good until the listener returns.
 */
import { Socket, type OnReadOpts, type Server } from 'node:net';

/** What Node reads at a time from a caller. One buffer for all. */
const fromCallers = Buffer.allocUnsafeSlow(64 * 1024);
/** From a server more: a packet that does not end with its chunk is put together by copying. */
const fromServers = Buffer.allocUnsafeSlow(256 * 1024);

/** What Node calls for a connection (net.js, onconnection): with 0, or the negative number of an error. */
type OnConnection = (this: object, status: number, handle: object) => void;

/**
 * Has sockets of a listening server read into that one buffer. Its listeners of `connection` get them only
 * where Node has no such handle, and then they are ordinary ones. Not by way of an ordinary one in any
 * case: to make it takes as long as to read what the caller sent.
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
      // What waits for its reader comes first.
      const direct = sharing.has(this) && this.readableFlowing && this.readableLength === 0;
      if (!direct) return this.push(Buffer.from(chunk));
      this.emit('data', chunk);
      return true;
    },
  };
}

/** From now on the listeners keep no chunk of `stream`. Without effect on one of another origin. */
export function shareReads(stream: object): void {
  sharing.add(stream);
}
