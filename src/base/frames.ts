/** Frames on a byte stream: a uint32 length, then that many bytes. Only an unfinished rest is copied. */
import { BLOCK_BYTES, releaseBlock, takeBlock } from './blocks.ts';
import { SshpoolError } from './errors.ts';

const LENGTH_BYTES = 4;
/** A rest of at least this size is kept in a block; a smaller one would waste most of it. */
const BLOCK_FROM_BYTES = BLOCK_BYTES / 4;

/** Joins the length with the first part; the other parts are not copied. */
export function frame(body: readonly Buffer[]): readonly Buffer[] {
  const bytes = body.reduce((sum, part) => sum + part.length, 0);
  const [first = Buffer.alloc(0), ...rest] = body;
  const head = Buffer.allocUnsafe(LENGTH_BYTES + first.length);
  head.writeUInt32BE(bytes);
  first.copy(head, LENGTH_BYTES);
  return [head, ...rest];
}

export class FrameReader {
  readonly #maxBytes: number;
  #limit: number;
  readonly #blocks: Buffer[] = [];
  #chunks: Buffer[] = [];
  #buffered = 0;
  #needed: number | undefined;

  /** Limits in bytes, without the length field; `maxFirst` is that of the first frame. */
  constructor(maxBytes: number, maxFirst = maxBytes) {
    this.#maxBytes = maxBytes;
    this.#limit = maxFirst;
  }

  /** Bytes of an incomplete frame. */
  get unfinished(): number {
    return this.#buffered + (this.#needed === undefined ? 0 : LENGTH_BYTES);
  }

  drop(): void {
    for (const chunk of this.#chunks.splice(0)) wipe(chunk);
    this.#buffered = 0;
    this.#releaseBlocks();
  }

  /** Bodies are views of `chunk`. @throws SshpoolError PROTOCOL for an empty frame or one above the limit */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    const bodies: Buffer[] = [];
    for (let body = this.#next(); body !== undefined; body = this.#next()) bodies.push(body);
    const rest = this.#chunks.pop();
    if (rest !== undefined) {
      this.#chunks.push(this.#keep(rest));
      wipe(rest);
    }
    return bodies;
  }

  /** Copies the rest, because the chunk is overwritten (base/shared-reads.ts). */
  #keep(rest: Buffer): Buffer {
    if (rest.length < BLOCK_FROM_BYTES || rest.length > BLOCK_BYTES) return Buffer.from(rest);
    const block = takeBlock();
    this.#blocks.push(block);
    rest.copy(block);
    return block.subarray(0, rest.length);
  }

  #releaseBlocks(): void {
    for (const block of this.#blocks.splice(0)) releaseBlock(block);
  }

  #next(): Buffer | undefined {
    if (this.#needed === undefined) {
      if (this.#buffered < LENGTH_BYTES) return undefined;
      const needed = this.#take(LENGTH_BYTES).readUInt32BE();
      if (needed === 0 || needed > this.#limit) {
        throw SshpoolError.of('PROTOCOL', { problem: `a frame of ${needed} bytes` });
      }
      this.#needed = needed;
    }
    if (this.#buffered < this.#needed) return undefined;
    const body = this.#take(this.#needed);
    this.#needed = undefined;
    this.#limit = this.#maxBytes;
    return body;
  }

  #take(bytes: number): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && first.length < bytes) this.#join();
    const chunk = this.#chunks[0] ?? Buffer.alloc(0);
    this.#buffered -= bytes;
    if (chunk.length === bytes) this.#chunks.shift();
    else this.#chunks[0] = chunk.subarray(bytes);
    return chunk.subarray(0, bytes);
  }

  #join(): void {
    const parts = this.#chunks;
    this.#chunks = [Buffer.concat(parts)];
    for (const part of parts) wipe(part);
    this.#releaseBlocks();
  }
}

/** Parts up to this size may contain an answer to a question and are zeroed once they are copied. */
const SHORT = 4096;

function wipe(part: Buffer): void {
  if (part.length <= SHORT) part.fill(0);
}
