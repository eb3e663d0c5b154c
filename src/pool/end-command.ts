/** Ends a remote command: by a signal, then SIGKILL, then closing the channel. Waits for no silent server. */
import { SshpoolError } from '../base/errors.ts';
import type { Clock, Timer } from '../base/time.ts';
import type { Lease } from './lease.ts';

/** Limits: for an answer to the first signal, for the end after that signal, for the end after SIGKILL. */
const SIGN_MS = 1000;
const GRACE_MS = 5000;
const KILL_MS = 2000;

/** Signals that would end ssh itself, and with it the session. */
const ENDING = new Set(['HUP', 'INT', 'KILL', 'QUIT', 'TERM']);

export class EndCommand {
  readonly #lease: Lease;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #ending = false;

  constructor(lease: Lease, clock: Clock) {
    this.#lease = lease;
    this.#clock = clock;
  }

  /** If the server refuses a signal that would end ssh, the session ends, as it would with ssh. */
  signal(name: string): void {
    const { session, connection } = this.#lease;
    void connection.signal(session, name).then((delivered) => {
      if (delivered || !ENDING.has(name)) return;
      const facts = { host: connection.label.name, request: 'signal' };
      session.close({ kind: 'lost', error: SshpoolError.of('REQUEST_REFUSED', facts) });
    });
  }

  /** Makes sure that the command ends; the session's onEnd follows. */
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
