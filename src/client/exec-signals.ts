/**
 * The signals of a call. Before the start of the remote command they end us. After it the first one
 * is the command's, which may take its time, and the second ends us; or we leave at once, as ssh.
 */

/** Those that can be forwarded. */
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Those that end ssh. */
const LEAVING = [...FORWARDED, 'SIGQUIT'] as const;

/** What signals work upon. */
export interface SignalEnds {
  readonly stopWaiting: () => void;
  /** To the remote command; the name is without SIG. */
  readonly send: (name: string) => void;
  /** Gives back the terminal and leaves the agent. */
  readonly leave: () => void;
}

export class ExecSignals {
  readonly #ends: SignalEnds;
  #use: 'die' | 'forward' | 'leave' = 'die';
  #hasLeft = false;

  constructor(ends: SignalEnds) {
    this.#ends = ends;
  }

  /** One of them ended the call, with nothing more to say. */
  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  listen(): void {
    for (const name of FORWARDED) process.on(name, this.#caught);
  }

  release(): void {
    for (const name of LEAVING) process.off(name, this.#caught);
  }

  /** The remote command was started. */
  use(how: 'forward' | 'leave'): void {
    this.#use = how;
    // ssh goes on ignoring what was ignored when it came, as under nohup(1). Node sets all signals
    // back before it runs us, so that there is no telling any more; the launcher does as ssh.
    if (how === 'leave') process.on('SIGQUIT', this.#caught);
  }

  readonly #caught = (name: NodeJS.Signals): void => {
    const use = this.#use;
    this.#use = 'die';
    this.#ends.stopWaiting();
    if (use === 'forward') return this.#ends.send(name.slice('SIG'.length));
    this.#ends.leave();
    if (use === 'leave') this.#hasLeft = true;
    else this.die(name);
  };

  /** To die of the signal tells a shell the truth, and no blocked write can hold us back. */
  die(name: NodeJS.Signals): void {
    for (const each of LEAVING) process.removeAllListeners(each);
    process.kill(process.pid, name);
  }
}
