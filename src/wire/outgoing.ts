/** Collects data for a socket in blocks (base/blocks.ts): a write for each part costs more than a copy. */
import type { Socket } from 'node:net';
import { BLOCK_BYTES, releaseBlock, takeBlock } from '../base/blocks.ts';

export class Outgoing {
  readonly #socket: Socket;
  #block: Buffer | undefined;
  #filled = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  add(part: Buffer): void {
    let done = 0;
    while (done < part.length) {
      this.#block ??= takeBlock();
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
    if (this.#socket.destroyed) releaseBlock(block);
    else this.#socket.write(bytes, () => releaseBlock(block));
  }
}
