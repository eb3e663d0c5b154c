/**
 * Sockets of callers that all read into one buffer. Node makes a buffer of 64 KiB for each read, and
 * as that memory is not V8's own, V8 answers it with full collections: two thirds of the work of an
 * upload. A client's socket may be told where to read (`onread` of net.connect), and so may one that
 * is made for the handle of an accepted one.
 */
import { Socket } from 'node:net';

/** What Node reads at a time. One buffer for all: its bytes are gone when `data` has been heard. */
const buffer = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * A socket in place of one that a server with `pauseOnConnect` accepted. The chunks of its `data`
 * events are good until the listener returns. Where Node has no such handle it is the same socket.
 */
export function withSharedReads(accepted: Socket): Socket {
  const owner = accepted as unknown as { _handle: object | null };
  const handle = owner._handle;
  if (!handle) return accepted;
  owner._handle = null;
  // It no longer has the connection, and only now the server forgets about it.
  accepted.destroy();
  const callback = (bytes: number): boolean => {
    socket.emit('data', buffer.subarray(0, bytes));
    return true;
  };
  const options = { handle, readable: true, writable: true, onread: { buffer, callback } };
  const socket: Socket = new Socket(options);
  return socket;
}
