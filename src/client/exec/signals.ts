/**
 * The signals of a call. Before the command starts, a signal ends this process. After that exec forwards
 * the first and ends at the second; ssh and shell leave at once, as ssh does.
 */

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Signals that end ssh. */
const LEAVING = [...FORWARDED, 'SIGQUIT'] as const;

export interface SignalEnds {
  readonly stopWaiting: () => void;
  /** `name` is without SIG. */
  readonly send: (name: string) => void;
  readonly leave: () => void;
}

export class ExecSignals {
  readonly #ends: SignalEnds;
  #use: 'die' | 'forward' | 'leave' = 'die';
  #hasLeft = false;

  constructor(ends: SignalEnds) {
    this.#ends = ends;
  }

  /** A signal ended the call without a message. */
  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  listen(): void {
    for (const name of FORWARDED) process.on(name, this.#caught);
  }

  release(): void {
    for (const name of LEAVING) process.off(name, this.#caught);
  }

  /** Called once the remote command has started. */
  use(how: 'forward' | 'leave'): void {
    this.#use = how;
    // As ssh, the launcher goes on ignoring what was ignored at its start (nohup(1)); Node cannot know it.
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

  /** Dying of the signal gives a shell the right status, and no blocked write can prevent it. */
  die(name: NodeJS.Signals): void {
    for (const each of LEAVING) process.removeAllListeners(each);
    process.kill(process.pid, name);
  }
}
