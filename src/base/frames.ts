/**
 * Frames on a byte stream: a uint32 length, then that many bytes. Only what is left of a chunk for a
 * frame to come is copied. Our own protocol has them, and OpenSSH's between a master and its clients.
 */
import { BLOCK_BYTES, releaseBlock, takeBlock } from './blocks.ts';
import { SshpoolError } from './errors.ts';

const LENGTH_BYTES = 4;
/** What is left of a chunk lies in a block from this size on; less would waste most of it. */
const BLOCK_FROM_BYTES = BLOCK_BYTES / 4;

/** The frame of a body that is given in parts: its length in front, and few parts where it is small. */
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
  /** Of the next frame. */
  #limit: number;
  readonly #blocks: Buffer[] = [];
  #chunks: Buffer[] = [];
  #buffered = 0;
  #needed: number | undefined;

  /** No frame is longer than `maxBytes`, its length not counted, and the first than `maxFirst`. */
  constructor(maxBytes: number, maxFirst = maxBytes) {
    this.#maxBytes = maxBytes;
    this.#limit = maxFirst;
  }

  /** Bytes of a frame that is not complete yet. */
  get unfinished(): number {
    return this.#buffered + (this.#needed === undefined ? 0 : LENGTH_BYTES);
  }

  /** Forgets what has come of an unfinished frame. */
  drop(): void {
    for (const chunk of this.#chunks.splice(0)) wipe(chunk);
    this.#buffered = 0;
    this.#releaseBlocks();
  }

  /**
   * Takes the next bytes of the stream and returns the bodies of the frames that they complete:
   * views of `chunk`, which may be written over afterwards (wire/shared-reads.ts).
   * @throws SshpoolError PROTOCOL for an empty frame or one above the greatest size
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

  /** A copy: the chunk is written over. */
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

/** A part of a frame that may have an answer in it, which is short: one copy of it is enough. */
const SHORT = 4096;

function wipe(part: Buffer): void {
  if (part.length <= SHORT) part.fill(0);
}
