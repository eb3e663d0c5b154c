/**
 * The signals of a call of exec. Before the command starts, a signal ends this process. After that the
 * first is forwarded, and the second ends this process.
 */

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface SignalEnds {
  readonly stopWaiting: () => void;
  /** `name` is without SIG. */
  readonly send: (name: string) => void;
  readonly leave: () => void;
}

export class ExecSignals {
  readonly #ends: SignalEnds;
  #forwards = false;

  constructor(ends: SignalEnds) {
    this.#ends = ends;
  }

  listen(): void {
    for (const name of FORWARDED) process.on(name, this.#caught);
  }

  release(): void {
    for (const name of FORWARDED) process.off(name, this.#caught);
  }

  /** Called once the remote command has started. */
  forward(): void {
    this.#forwards = true;
  }

  readonly #caught = (name: NodeJS.Signals): void => {
    this.#ends.stopWaiting();
    if (this.#forwards) {
      this.#forwards = false;
      return this.#ends.send(name.slice('SIG'.length));
    }
    this.#ends.leave();
    // Dying of the signal gives a shell the right status, and no blocked write can prevent it.
    this.release();
    process.kill(process.pid, name);
  };
}
