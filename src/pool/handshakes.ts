/** Limits the handshakes under way with each server, whichever targets they are for. Others wait. */
import { SshpoolError } from '../base/errors.ts';
import { Fifo } from '../base/fifo.ts';
import type { Clock } from '../base/time.ts';

/** sshd drops connections at random once ten are not logged in yet (sshd_config, MaxStartups 10:30:100). */
const LIMIT = 10;
/** Above this number each further start is delayed at random, so that they do not run in step. */
const FEW = 3;
const JITTER_MS = 50;

interface Line {
  underWay: number;
  /** Each starts a waiting handshake, which takes the place of the one that ended. */
  readonly waiting: Fifo<() => void>;
}

export class Handshakes {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #lines = new Map<string, Line>();

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** @throws SshpoolError CANCELLED if the signal is aborted before its turn, or why `shake` failed */
  async run<T>(
    server: string,
    signal: AbortSignal,
    shake: (leave: () => void) => Promise<T>,
  ): Promise<T> {
    if (signal.aborted) throw SshpoolError.of('CANCELLED', {});
    const line = this.#lines.get(server) ?? { underWay: 0, waiting: new Fifo<() => void>() };
    this.#lines.set(server, line);
    if (line.underWay < LIMIT) line.underWay++;
    else {
      await unlessAborted(signal, (go) => {
        line.waiting.push(go);
        return () => line.waiting.remove(go);
      });
    }
    let isHere = true;
    // Called early if a prompt opens: a user may take any time to answer.
    const leave = (): void => {
      if (isHere) this.#leave(server, line);
      isHere = false;
    };
    try {
      if (line.underWay > FEW) await this.#jitter(signal);
      return await shake(leave);
    } finally {
      leave();
    }
  }

  #jitter(signal: AbortSignal): Promise<void> {
    return unlessAborted(signal, (go) => {
      const timer = this.#clock.after(this.#random() * JITTER_MS, go);
      return () => timer.cancel();
    });
  }

  #leave(server: string, line: Line): void {
    const next = line.waiting.shift();
    if (next) next();
    else if (--line.underWay === 0) this.#lines.delete(server);
  }
}

/** Resolves when `begin` calls `go`; on abort calls the function that `begin` returned, which undoes it. */
function unlessAborted(signal: AbortSignal, begin: (go: () => void) => () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const takeBack = begin(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    });
    const abort = (): void => {
      takeBack();
      reject(SshpoolError.of('CANCELLED', {}));
    };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
