/** Keeps the process alive while something is awaited; idle connections do not. */
import { LONGEST_MS } from '../base/time.ts';

export class Hold {
  #count = 0;
  #timer: NodeJS.Timeout | undefined;

  async during<T>(work: () => Promise<T>): Promise<T> {
    const release = this.take();
    try {
      return await work();
    } finally {
      release();
    }
  }

  /** Call the returned function once. */
  take(): () => void {
    if (this.#count++ === 0) this.#timer = setInterval(() => undefined, LONGEST_MS);
    return () => {
      if (--this.#count === 0) clearInterval(this.#timer);
    };
  }
}
