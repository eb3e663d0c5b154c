/**
 * Ends a remote command that should not go on: first the signal, then, for one that does not
 * mind it, SIGKILL, then the channel. Never waits for ever.
 */
import type { Clock, Timer } from '../base/time.ts';
import type { Lease } from './wanted.ts';

/** How long a command may take to leave after the first signal. */
const GRACE_MS = 5000;
/** How long the server may take to report a killed command. */
const KILL_MS = 2000;

export class RemoteEnd {
  readonly #lease: Lease;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #ending = false;

  constructor(lease: Lease, clock: Clock) {
    this.#lease = lease;
    this.#clock = clock;
  }

  /** Delivers one signal and leaves the rest to the command. */
  signal(name: string): void {
    void this.#lease.connection.signal(this.#lease.session, name);
  }

  /** Delivers `name` and sees to it that the command ends. The session's onEnd follows. */
  end(name: string): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#lease.session.endStdin();
    this.signal(name);
    this.#timer = this.#clock.after(GRACE_MS, () => {
      this.signal('KILL');
      this.#timer = this.#clock.after(KILL_MS, () => this.#lease.session.close());
    });
  }

  /** The session has ended. */
  done(): void {
    this.#ending = true;
    this.#timer?.cancel();
  }
}
