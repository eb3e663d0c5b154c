/** Signals for the sessions of one connection, with the remedy where the server refuses them. */
import type { Link } from '../ssh/link/link.ts';
import type { Session } from '../ssh/channel/session.ts';
import { remedyApplies, signalCommand } from './remote-signal.ts';
import type { Slots } from './slots.ts';

/**
 * How often the remedy is tried: it does nothing where a session began or ended at the server while
 * it looked, which one that follows at once upon the end of another does.
 */
const ATTEMPTS = 10;

/** Their commands were sent, and have not ended as far as we know. */
const BEGUN = new Set(['starting', 'running']);

export class Signals {
  readonly #link: Link;
  readonly #slots: Slots;
  /** The last remedy for a signal that the server refused. */
  #remedied = Promise.resolve(true);

  constructor(link: Link, slots: Slots) {
    this.#link = link;
    this.#slots = slots;
  }

  /** Signals the remote process group of a running session; resolves to whether that worked. */
  async send(session: Session, name: string): Promise<boolean> {
    if (await session.signal(name)) return true;
    if (!remedyApplies(this.#link)) return false;
    // One after the other: each counts the sessions, and would count that of another one.
    this.#remedied = this.#remedied.then(() => this.#remedy(session, name)).catch(() => false);
    return this.#remedied;
  }

  async #remedy(session: Session, name: string): Promise<boolean> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      if (this.#command(session, name) === undefined) return false;
      // What runs when it is sent counts, and not what ran when its session was asked for.
      const outcome = await this.#slots.run(() => this.#command(session, name));
      if (outcome.kind !== 'exited') return false;
      if (outcome.code === 0) return true;
    }
    return false;
  }

  /** Undefined where the session has ended. */
  #command(session: Session, name: string): string | undefined {
    const begun = this.#slots.running.filter(({ state }) => BEGUN.has(state));
    const index = begun.indexOf(session);
    return index < 0 ? undefined : signalCommand(name, index, begun.length);
  }
}
