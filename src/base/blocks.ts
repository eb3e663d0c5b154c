/**
 * Reusable blocks of memory. New memory for each chunk is outside of V8's heap: V8 reacts with full
 * collections and returns it late.
 */

export const BLOCK_BYTES = 64 * 1024;
/** Enough for one window of a session; free blocks occupy memory. */
const MAX_FREE = 32;

const free: Buffer[] = [];

/** A block of BLOCK_BYTES with arbitrary contents. */
export function takeBlock(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
}

/** Returns a block; no view of it may be used afterwards. */
export function releaseBlock(block: Buffer): void {
  if (free.length < MAX_FREE) free.push(block);
}
