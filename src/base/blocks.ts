/**
 * Blocks of memory that are used over and over. Memory for each chunk anew is outside of V8's heap,
 * which answers it with full collections, and gives it back late.
 */

export const BLOCK_BYTES = 64 * 1024;
/** As many as one window of a session has; a free one takes up memory. */
const MAX_FREE = 32;

const free: Buffer[] = [];

/** A block of BLOCK_BYTES with anything in it. */
export function takeBlock(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
}

/** Gives a block back, of which no view may be used any more. */
export function releaseBlock(block: Buffer): void {
  if (free.length < MAX_FREE) free.push(block);
}
