/** The free room of a connection, for placement: what its server takes, minus what is in use. */
import type { Proof, Pulse } from './pulse.ts';
import type { Sessions } from './sessions.ts';
import type { Standing } from './standing.ts';

export abstract class Room {
  abstract readonly pulse: Pulse;
  protected abstract readonly sessions: Sessions;
  protected abstract readonly standing: Standing;
  protected tunnels = 0;
  /** The server opens no session at all, but carries tunnels. */
  protected sessionless = false;

  get running(): number {
    return this.sessions.used;
  }

  get busy(): boolean {
    return this.underWay > 0;
  }

  get cap(): number {
    const isAlone = this.tunnels > 0 && !this.standing.shares;
    if (this.sessionless || isAlone) return 0;
    return Math.min(this.standing.cap, this.sessions.maxSessions);
  }

  get takesTunnel(): boolean {
    return this.standing.shares || (!this.busy && this.standing.cap > 0);
  }

  get untried(): boolean {
    return this.standing.untried;
  }

  get spare(): boolean {
    return this.sessions.ready;
  }

  get bulk(): boolean {
    return this.sessions.bulk;
  }

  get proof(): Proof {
    const { proof } = this.pulse;
    return this.standing.trying && proof !== 'silent' ? 'probing' : proof;
  }

  /** Sessions and tunnels that a caller has or waits for. */
  protected get underWay(): number {
    return this.sessions.active + this.tunnels;
  }

  protected get allowsSpare(): boolean {
    return !this.sessionless && this.standing.allowsSpare(this.underWay);
  }
}
