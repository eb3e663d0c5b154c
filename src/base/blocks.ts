/** Reusable blocks of memory: V8 reacts to new memory outside its heap with full collections. */

export const BLOCK_BYTES = 64 * 1024;
/** Enough for one window of a session. */
const MAX_FREE = 32;

const free: Buffer[] = [];

export function takeBlock(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
}

/** No view of the block may be used afterwards. */
export function releaseBlock(block: Buffer): void {
  if (free.length < MAX_FREE) free.push(block);
}
