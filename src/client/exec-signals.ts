/**
 * The signals of a call. Before the remote command starts, a signal ends this process. After that exec
 * forwards the first signal to the command and ends at the second; ssh and shell leave at once, as ssh
 * does.
 */

/** Signals that can be forwarded. */
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Signals that end ssh. */
const LEAVING = [...FORWARDED, 'SIGQUIT'] as const;

/** What signals act on. */
export interface SignalEnds {
  readonly stopWaiting: () => void;
  /** Sends a signal to the remote command; the name is without SIG. */
  readonly send: (name: string) => void;
  /** Restores the terminal and disconnects from the agent. */
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
    // ssh keeps ignoring signals that were ignored at its start, as under nohup(1). Node resets all
    // signals before this code runs, so this cannot be known here; the launcher does as ssh.
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
