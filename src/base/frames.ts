/**
 * Frames on a byte stream: a uint32 length, then that many bytes. Only the unfinished rest of a chunk
 * is copied. The caller-agent protocol uses them, and OpenSSH's between a master and its clients.
 */
import { BLOCK_BYTES, releaseBlock, takeBlock } from './blocks.ts';
import { SshpoolError } from './errors.ts';

const LENGTH_BYTES = 4;
/** A rest of at least this size is kept in a block; a smaller one would waste most of it. */
const BLOCK_FROM_BYTES = BLOCK_BYTES / 4;

/** Makes the frame of a body given in parts: prepends its length, and joins the parts of a small body. */
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
  /** The limit for the next frame. */
  #limit: number;
  readonly #blocks: Buffer[] = [];
  #chunks: Buffer[] = [];
  #buffered = 0;
  #needed: number | undefined;

  /** The limit of a frame is `maxBytes`, and of the first one `maxFirst`, not counting the length field. */
  constructor(maxBytes: number, maxFirst = maxBytes) {
    this.#maxBytes = maxBytes;
    this.#limit = maxFirst;
  }

  /** Bytes of an incomplete frame. */
  get unfinished(): number {
    return this.#buffered + (this.#needed === undefined ? 0 : LENGTH_BYTES);
  }

  /** Discards the bytes of an unfinished frame. */
  drop(): void {
    for (const chunk of this.#chunks.splice(0)) wipe(chunk);
    this.#buffered = 0;
    this.#releaseBlocks();
  }

  /**
   * Takes the next bytes of the stream and returns the bodies of the frames that they complete: views
   * of `chunk`, which may be overwritten afterwards (base/shared-reads.ts).
   * @throws SshpoolError PROTOCOL for an empty frame or one above the limit
   */
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

  /** Copies the rest, because the chunk is overwritten. */
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

  /** The first `bytes` buffered bytes; a view where one chunk holds them all. */
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
