/** Signals for the sessions of one connection, with a workaround where the server refuses them. */
import type { Link } from '../../ssh/link/link.ts';
import type { Session } from '../../ssh/channel/session.ts';
import { workaroundApplies, signalCommand } from './kill-command.ts';
import type { Sessions } from './sessions.ts';

/** The workaround does nothing if a session began or ended at the server meanwhile, so it is repeated. */
const ATTEMPTS = 10;

/** The command was sent, and has not ended as far as the pool knows. */
const BEGUN = new Set(['starting', 'running']);

export class CommandSignals {
  readonly #link: Link;
  readonly #sessions: Sessions;
  #lastWorkaround = Promise.resolve(true);

  constructor(link: Link, sessions: Sessions) {
    this.#link = link;
    this.#sessions = sessions;
  }

  async send(session: Session, name: string): Promise<boolean> {
    if (await session.signal(name)) return true;
    if (!workaroundApplies(this.#link)) return false;
    // One after the other: each counts the sessions, and would count the session of another run.
    this.#lastWorkaround = this.#lastWorkaround
      .then(() => this.#workAround(session, name))
      .catch(() => false);
    return this.#lastWorkaround;
  }

  async #workAround(session: Session, name: string): Promise<boolean> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      if (this.#command(session, name) === undefined) return false;
      // Counts the sessions that run when the command is sent, not when its session was requested.
      const outcome = await this.#sessions.run(() => this.#command(session, name));
      if (outcome.kind !== 'exited') return false;
      if (outcome.code === 0) return true;
    }
    return false;
  }

  #command(session: Session, name: string): string | undefined {
    const begun = this.#sessions.running.filter(({ state }) => BEGUN.has(state));
    const index = begun.indexOf(session);
    return index < 0 ? undefined : signalCommand(name, index, begun.length);
  }
}
