/** Writes to a standard stream in a thread, so that a slow reader never blocks the event loop. */
import { write } from 'node:fs';
import { promisify } from 'node:util';
import { pause } from '../base/time.ts';

const writeSome = promisify(write);

/** Between retries after EAGAIN: an inherited descriptor may be non-blocking. */
const AGAIN_MS = 2;

/** @throws the error of write(2), such as EPIPE when the reader has closed */
export async function writeAll(fd: number, data: Buffer): Promise<void> {
  for (let left = data; left.length > 0;) {
    try {
      const { bytesWritten } = await writeSome(fd, left);
      left = left.subarray(bytesWritten);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EAGAIN') throw thrown;
      await pause(AGAIN_MS);
    }
  }
}
