/** Combines the caller's signal and its timeout: the resulting signal ends a command, with the reason. */
import { SshpoolError } from '../base/errors.ts';
import type { Clock } from '../base/time.ts';

export interface LimitOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

export class Limit {
  readonly #controller = new AbortController();
  readonly #end: () => void;

  constructor({ signal, timeoutMs }: LimitOptions, clock: Clock) {
    const abort = (): void => {
      this.#controller.abort(SshpoolError.of('CANCELLED', {}, signal?.reason));
    };
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) abort();
    const timer =
      timeoutMs === undefined
        ? undefined
        : clock.after(timeoutMs, () => {
            this.#controller.abort(SshpoolError.of('TIMED_OUT', { timeoutMs }));
          });
    this.#end = () => {
      timer?.cancel();
      signal?.removeEventListener('abort', abort);
    };
  }

  /** Its reason is an SshpoolError, CANCELLED, TIMED_OUT or POOL_CLOSED. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  reasonFor(thrown: unknown): unknown {
    return this.signal.aborted ? this.signal.reason : thrown;
  }

  abort(reason: SshpoolError): void {
    this.#controller.abort(reason);
  }

  end(): void {
    this.#end();
  }
}
