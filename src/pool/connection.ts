/**
 * One warm connection: its sessions, the spare among them, its signs of life and its timers. It
 * decides nothing about other connections; the pool does.
 */
import { SshpoolError } from '../base/errors.ts';
import type { Clock, Timer } from '../base/time.ts';
import { forwardKeyAgent } from '../ssh/agent-forward.ts';
import { Channels } from '../ssh/channels.ts';
import type { Link } from '../ssh/link.ts';
import { Session } from '../ssh/session.ts';
import type { HealthSettings } from './health.ts';
import { SESSIONS_PER_CONNECTION, type ConnectionView, type Proof } from './policy.ts';
import { Pulse } from './pulse.ts';
import { remedyApplies, runCommand, signalCommand } from './remote-signal.ts';
import type { ConnectionRow, Counters } from './stats.ts';

/** Who a connection goes to, in the words of messages and statistics. */
export interface Label {
  /** HOST as it was typed. */
  readonly target: string;
  /** The alias or name in it. */
  readonly name: string;
  readonly user: string;
  readonly hostname: string;
  readonly port: number;
}

export interface ConnectionSettings extends HealthSettings {
  readonly idleTimeoutMs: number;
}

export interface ConnectionContext {
  readonly id: number;
  readonly label: Label;
  readonly clock: Clock;
  readonly settings: ConnectionSettings;
  readonly counters: Counters;
  /** The key agent's socket, where it is forwarded. */
  readonly forwardAgent: string | undefined;
  /** Sessions that the server is known to allow, spare included. */
  readonly maxChannels: number;
  /** How long it took to connect. */
  readonly connectMs: number;
  readonly events: ConnectionEvents;
}

export interface ConnectionEvents {
  /** There may be room now where there was none, or proof. */
  onRoom(): void;
  /** The server allows no more than so many sessions at a time. */
  onLimit(maxChannels: number): void;
  /** Exactly once, last. */
  onClosed(): void;
}

/** What `take` asks for: a session that waits for its command. */
export interface Taker {
  onSession(session: Session): void;
  /** The server opens no further session. `alone`: it had none open at all. */
  onRefused(alone: boolean, description: string): void;
  onLost(error: SshpoolError): void;
}

export type Life = 'open' | 'draining' | 'closed';

export class Connection implements ConnectionView {
  readonly id: number;
  readonly label: Label;
  readonly connectMs: number;
  readonly #context: ConnectionContext;
  readonly #link: Link;
  readonly #channels: Channels;
  readonly #pulse: Pulse;
  readonly #running = new Set<Session>();
  readonly #createdAt: number;
  #whenClosed: Promise<void>;
  #resolveClosed: () => void = () => undefined;
  #life: Life = 'open';
  #spare: Session | undefined;
  /** Takes the spare as soon as it is open. */
  #taker: Taker | undefined;
  #maxChannels: number;
  #lastUsedAt: number;
  #uses = 0;
  #idleTimer: Timer | undefined;

  constructor(link: Link, context: ConnectionContext) {
    this.id = context.id;
    this.label = context.label;
    this.connectMs = context.connectMs;
    this.#context = context;
    this.#link = link;
    this.#maxChannels = context.maxChannels;
    this.#whenClosed = new Promise((resolve) => (this.#resolveClosed = resolve));
    const now = context.clock.now();
    this.#createdAt = this.#lastUsedAt = now;
    this.#pulse = new Pulse({
      clock: context.clock,
      settings: context.settings,
      counters: context.counters,
      ping: () => (this.spare ? this.#spare : [...this.#running][0])?.ping(),
      onProbed: (alive) => this.#probed(alive),
      lastUsedAt: () => this.#lastUsedAt,
    });
    this.#channels = new Channels(link, context.label.name, {
      onHeard: () => this.#pulse.heard(),
      onClosed: (error) => this.#closed(error),
    });
    if (context.forwardAgent !== undefined) forwardKeyAgent(this.#channels, context.forwardAgent);
    this.#idle();
    this.#refill();
  }

  get life(): Life {
    return this.#life;
  }

  get link(): Link {
    return this.#link;
  }

  /** Times it was used; the first use is a miss, later ones are hits. */
  get uses(): number {
    return this.#uses;
  }

  get running(): number {
    return this.#running.size + (this.#taker ? 1 : 0);
  }

  get cap(): number {
    return Math.min(SESSIONS_PER_CONNECTION, this.#maxChannels);
  }

  get spare(): boolean {
    return this.#spare?.state === 'spare';
  }

  get proof(): Proof {
    return this.#pulse.proof;
  }

  /** Hands out the spare, now or as soon as one is open. One at a time while none is open. */
  take(taker: Taker): void {
    this.#idleTimer?.cancel();
    this.#uses++;
    this.#lastUsedAt = this.#context.clock.now();
    this.#taker = taker;
    if (this.spare) this.#handOut();
    else this.#refill();
  }

  /** Whether take may be called now. */
  get takes(): boolean {
    return this.#life === 'open' && this.#taker === undefined && this.running < this.cap;
  }

  /** Asks for a sign of life; onRoom follows, or the end of an idle connection that is dead. */
  probe(): void {
    void this.#pulse.probe();
  }

  /** Takes no more sessions; closes when the running ones have ended, with `force` at once. */
  drain(force: SshpoolError | undefined): void {
    if (this.#life === 'open') this.#life = 'draining';
    if (force) this.#link.destroy(force);
    else this.#leaveIfDone();
  }

  /** Signals the remote process group of a running session; resolves to whether that worked. */
  async signal(session: Session, name: string): Promise<boolean> {
    if (await session.signal(name)) return true;
    const alive = [...this.#running].filter(({ state }) => state === 'running');
    const index = alive.indexOf(session);
    if (index < 0 || !remedyApplies(this.#link)) return false;
    const outcome = await runCommand(this.#channels, signalCommand(name, index, alive.length));
    return outcome.kind === 'exited' && outcome.code === 0;
  }

  /** Resolves when it is closed. */
  get closed(): Promise<void> {
    return this.#whenClosed;
  }

  row(): ConnectionRow {
    const { target, user, hostname: host, port } = this.label;
    const { rttMs } = this.#pulse;
    const active = this.running > 0 ? 'active' : 'idle';
    return {
      id: this.id,
      target,
      user,
      host,
      port,
      link: this.#link.kind,
      state: this.#life === 'open' ? active : 'draining',
      sessions: this.running,
      createdAt: new Date(this.#createdAt).toISOString(),
      lastUsedAt: new Date(this.#lastUsedAt).toISOString(),
      hits: Math.max(0, this.#uses - 1),
      bytesIn: this.#link.bytesIn,
      bytesOut: this.#link.bytesOut,
      rttMs: rttMs === null ? null : Math.round(rttMs * 100) / 100,
    };
  }

  /** Opens a spare where there is none and the server allows one. */
  #refill(): void {
    if (this.#spare || this.#life !== 'open') return;
    if (this.#channels.size >= this.#maxChannels) return;
    const session: Session = new Session(this.#channels, {
      onSpare: () => this.#handOut(),
      onRefused: (_reason, description) => this.#refused(description),
      onClosed: () => this.#sessionClosed(session),
    });
    this.#spare = session;
  }

  #handOut(): void {
    const [taker, session] = [this.#taker, this.#spare];
    if (!taker || !session) return;
    this.#taker = this.#spare = undefined;
    this.#running.add(session);
    taker.onSession(session);
    this.#refill();
    this.#context.events.onRoom();
  }

  #refused(description: string): void {
    const { counters, events } = this.#context;
    counters.refusedSessions++;
    const [taker, others] = [this.#taker, this.#channels.size];
    this.#taker = this.#spare = undefined;
    if (others > 0) {
      this.#maxChannels = others;
      events.onLimit(others);
    } else {
      // With no session open and none to be had, the connection is of no further use.
      this.drain(undefined);
    }
    taker?.onRefused(others === 0, description);
  }

  #sessionClosed(session: Session): void {
    if (this.#spare === session) this.#spare = undefined;
    if (this.#running.delete(session)) this.#lastUsedAt = this.#context.clock.now();
    if (this.#life === 'closed') return;
    this.#refill();
    this.#idle();
    this.#leaveIfDone();
    this.#context.events.onRoom();
  }

  #idle(): void {
    const { clock, settings } = this.#context;
    this.#idleTimer?.cancel();
    if (this.running > 0 || this.#life !== 'open') return;
    this.#idleTimer = clock.after(settings.idleTimeoutMs, () => this.drain(undefined));
  }

  #leaveIfDone(): void {
    if (this.#life === 'draining' && this.running === 0) this.#link.close();
  }

  #probed(alive: boolean): void {
    if (alive) this.#context.events.onRoom();
    // A running command may sit on a server that is slow to answer; the link's own keep-alive
    // decides about that. Nobody waits for an idle connection.
    else if (this.#running.size === 0) {
      const { name: host } = this.label;
      this.#link.destroy(SshpoolError.of('CONNECTION_LOST', { host, reason: 'no answer' }));
    }
  }

  /** Told before its sessions are, so that nobody is sent here any more. */
  #closed(error: SshpoolError): void {
    this.#life = 'closed';
    this.#idleTimer?.cancel();
    this.#pulse.end();
    const taker = this.#taker;
    this.#taker = undefined;
    this.#context.events.onClosed();
    this.#resolveClosed();
    taker?.onLost(error);
  }
}
