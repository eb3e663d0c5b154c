/** The free room of a connection, for placement: what its server takes, minus what is in use. */
import type { ConnectionView, Proof } from './policy.ts';
import type { Pulse } from './pulse.ts';
import type { Slots } from './slots.ts';
import type { Standing } from './standing.ts';

export abstract class Room implements ConnectionView {
  abstract readonly pulse: Pulse;
  protected abstract readonly slots: Slots;
  protected abstract readonly standing: Standing;
  protected tunnels = 0;
  /** The server opens no session at all, but carries tunnels. */
  protected sessionless = false;

  get running(): number {
    return this.slots.used;
  }

  /** A session or tunnel is in use: the connection must not be closed as idle. */
  get busy(): boolean {
    return this.underWay > 0;
  }

  get cap(): number {
    const isAlone = this.tunnels > 0 && !this.standing.shares;
    if (this.sessionless || isAlone) return 0;
    return Math.min(this.standing.cap, this.slots.maxSessions);
  }

  get takesTunnel(): boolean {
    return this.standing.shares || (!this.busy && this.standing.cap > 0);
  }

  get untried(): boolean {
    return this.standing.untried;
  }

  get spare(): boolean {
    return this.slots.ready;
  }

  get bulk(): boolean {
    return this.slots.bulk;
  }

  get proof(): Proof {
    const { proof } = this.pulse;
    return this.standing.trying && proof !== 'silent' ? 'probing' : proof;
  }

  /** Sessions and tunnels that a caller has or waits for. */
  protected get underWay(): number {
    return this.slots.active + this.tunnels;
  }

  protected get allowsSpare(): boolean {
    return !this.sessionless && this.standing.allowsSpare(this.underWay);
  }
}
