/**
 * Keeps the process alive while something is awaited. Connections do not: a program ends when it has
 * nothing left to do, and not after the idle timeout of its last connection.
 */
import { LONGEST_MS } from '../base/time.ts';

export class Hold {
  #count = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Keeps the process alive until `work` has settled. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    const release = this.take();
    try {
      return await work();
    } finally {
      release();
    }
  }

  /** Keeps the process alive until the returned function is called; call it once. */
  take(): () => void {
    if (this.#count++ === 0) this.#timer = setInterval(() => undefined, LONGEST_MS);
    return () => {
      if (--this.#count === 0) clearInterval(this.#timer);
    };
  }
}
