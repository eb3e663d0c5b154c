/**
 * Keeps the process alive while something is awaited. The connections do not, so that a program
 * ends when it has nothing left to do, and not when its last connection has been idle for long.
 */
import { LONGEST_MS } from '../base/time.ts';

export class Hold {
  #count = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Holds until the result is there. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    const release = this.take();
    try {
      return await work();
    } finally {
      release();
    }
  }

  /** Holds until the returned function is called, which is done once. */
  take(): () => void {
    if (this.#count++ === 0) this.#timer = setInterval(() => undefined, LONGEST_MS);
    return () => {
      if (--this.#count === 0) clearInterval(this.#timer);
    };
  }
}
