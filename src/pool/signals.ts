/** Signals for the sessions of one connection, with the remedy where the server refuses them. */
import type { Link } from '../ssh/link.ts';
import type { Session } from '../ssh/session.ts';
import { remedyApplies, signalCommand } from './remote-signal.ts';
import type { Slots } from './slots.ts';

/**
 * How often the remedy is tried: it does nothing where a session began or ended at the server while
 * it looked, which one that follows at once upon the end of another does.
 */
const ATTEMPTS = 10;

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
      const alive = this.#slots.running.filter(({ state }) => state === 'running');
      const index = alive.indexOf(session);
      if (index < 0) return false;
      const outcome = await this.#slots.run(signalCommand(name, index, alive.length));
      if (outcome.kind !== 'exited') return false;
      if (outcome.code === 0) return true;
    }
    return false;
  }
}
