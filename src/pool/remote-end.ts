/**
 * Ends a remote command that should not go on: sends the signal, then SIGKILL if the command ignores it,
 * then closes the channel. Never waits for a server that does not answer.
 */
import { SshpoolError } from '../base/errors.ts';
import type { Clock, Timer } from '../base/time.ts';
import type { Lease } from './opener.ts';

/** How long the server may be silent after the first signal. */
const SIGN_MS = 1000;
/** How long a command may take to end after the first signal. */
const GRACE_MS = 5000;
/** How long the server may take to report a killed command. */
const KILL_MS = 2000;

/** Signals that would end ssh itself, and with it the session. */
const ENDING = new Set(['HUP', 'INT', 'KILL', 'QUIT', 'TERM']);

export class RemoteEnd {
  readonly #lease: Lease;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #ending = false;

  constructor(lease: Lease, clock: Clock) {
    this.#lease = lease;
    this.#clock = clock;
  }

  /**
   * Delivers one signal; the command decides what it does. If the server refuses a signal that would end
   * ssh, the session ends as it would with ssh.
   */
  signal(name: string): void {
    const { session, connection } = this.#lease;
    void connection.signal(session, name).then((delivered) => {
      if (delivered || !ENDING.has(name)) return;
      const facts = { host: connection.label.name, request: 'signal' };
      session.close({ kind: 'lost', error: SshpoolError.of('REQUEST_REFUSED', facts) });
    });
  }

  /** Delivers `name` and makes sure that the command ends. The session's onEnd follows. */
  end(name: string): void {
    if (this.#ending) return;
    this.#ending = true;
    const { session, connection } = this.#lease;
    const askedAt = this.#clock.monotonic();
    let delivered = false;
    session.endStdin();
    void connection.signal(session, name).then((done) => {
      delivered = done;
      // The signal was not delivered, so waiting would not help.
      if (!done) session.close();
    });
    this.#timer = this.#clock.after(SIGN_MS, () => {
      // Messages of other sessions say nothing about a command that the server has not answered.
      const isAnswered = session.state !== 'starting' && connection.pulse.heardSince(askedAt);
      if (delivered || isAnswered) this.#killLater();
      else session.close();
    });
  }

  #killLater(): void {
    this.#timer = this.#clock.after(GRACE_MS - SIGN_MS, () => {
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
