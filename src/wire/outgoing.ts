/**
 * What is to be written to a socket, put together in blocks of memory that are used over and over:
 * a write of its own for each part costs more than to copy it, and memory for each anew is outside
 * of V8's heap, which it answers with full collections.
 */
import type { Socket } from 'node:net';

const BLOCK_BYTES = 64 * 1024;
/** As many as one window of a session has; a free one takes up memory. */
const MAX_FREE = 32;

const free: Buffer[] = [];

function release(block: Buffer): void {
  if (free.length < MAX_FREE) free.push(block);
}

export class Outgoing {
  readonly #socket: Socket;
  #block: Buffer | undefined;
  #filled = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Takes a copy of `part`. Whole blocks are written at once, the rest by `flush`. */
  add(part: Buffer): void {
    let done = 0;
    while (done < part.length) {
      this.#block ??= free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
      const copied = part.copy(this.#block, this.#filled, done);
      done += copied;
      this.#filled += copied;
      if (this.#filled === BLOCK_BYTES) this.flush();
    }
  }

  flush(): void {
    const block = this.#block;
    if (block === undefined) return;
    const bytes = block.subarray(0, this.#filled);
    this.#block = undefined;
    this.#filled = 0;
    if (this.#socket.destroyed) release(block);
    else this.#socket.write(bytes, () => release(block));
  }
}
