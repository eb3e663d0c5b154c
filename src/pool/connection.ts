/**
 * One pooled connection: its sessions, its spare session, its keep-alive and its timers. The pool makes
 * the decisions about other connections.
 */
import { SshpoolError } from '../base/errors.ts';
import type { Timer } from '../base/time.ts';
import { forwardKeyAgent } from '../ssh/channel/agent-forward.ts';
import { Channels } from '../ssh/channel/channels.ts';
import type { Link } from '../ssh/link/link.ts';
import type { Session } from '../ssh/channel/session.ts';
import { Tunnel, type Destination, type TunnelEvents } from '../ssh/channel/tunnel.ts';
import type { ConnectTimes } from './pending-connects.ts';
import type { ConnectionContext } from './connection-context.ts';
import type { EvictReason } from './events.ts';
import type { HealthSettings } from './health.ts';
import { Judged } from './judged.ts';
import type { Label } from './label.ts';
import { Pulse } from './pulse.ts';
import type { Trust } from './request.ts';
import { Signals } from './signals.ts';
import { Slots, type Taker } from './slots.ts';
import { Room } from './room.ts';
import { rowOf } from './row.ts';
import { Standing } from './standing.ts';
import type { ConnectionRow } from './stats.ts';
import type { TrialResult } from './trial.ts';

export interface ConnectionSettings extends HealthSettings {
  readonly idleTimeoutMs: number;
}

/** How long running commands may take to end after SIGHUP when the connection is closed by force. */
const HANG_UP_MS = 1000;

export type ConnectionState = 'open' | 'draining' | 'closed';

export class Connection extends Room {
  readonly id: number;
  readonly key: string;
  readonly label: Label;
  readonly took: ConnectTimes;
  readonly link: Link;
  readonly #context: ConnectionContext;
  readonly #channels: Channels;
  readonly pulse: Pulse;
  readonly #signals: Signals;
  readonly #judged: Judged;
  protected readonly standing: Standing;
  protected readonly slots: Slots;
  readonly #createdAt: number;
  /** Resolves when the connection is closed. */
  readonly closed: Promise<void>;
  #resolveClosed: () => void = () => undefined;
  #life: ConnectionState = 'open';
  #evicted: EvictReason | undefined;
  #idleTimer: Timer | undefined;
  #endTimer: Timer | undefined;

  constructor(link: Link, context: ConnectionContext) {
    super();
    this.id = context.id;
    this.key = context.key;
    this.label = context.label;
    this.took = context;
    this.#context = context;
    this.link = link;
    this.#judged = new Judged(context.trust, link);
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    this.#createdAt = context.clock.now();
    this.standing = new Standing({
      ...context,
      serverVersion: link.serverVersion,
      slots: () => this.slots,
      onFinding: (finding) => context.events.onLimit({ finding }),
      onTried: (result) => this.#tried(result),
    });
    this.pulse = new Pulse({
      ...context,
      ping: () => this.slots.ping(),
      isAwaited: () => this.slots.awaited,
      unconfirmed: () => this.#channels.unconfirmed,
      onProbed: (alive) => this.#probed(alive),
      onSilent: () => this.#fellSilent(),
      onSign: () => context.events.onRoom(),
      onExpired: () => this.#giveUp(),
      lastUsedAt: () => this.standing.lastUsedAt,
    });
    this.slots = new Slots({
      channels: () => this.#channels,
      clock: context.clock,
      limits: context.limits,
      keepsSpare: () => this.#life === 'open' && this.allowsSpare,
      onRefused: (others) => this.#refused(others),
      onSpareClosed: () => this.#spareClosed(),
      onAsked: () => this.pulse.asked(),
      onFreed: (ran) => this.#freed(ran),
      onStuck: () => this.#stuck(),
    });
    this.#signals = new Signals(link, this.slots);
    this.#channels = new Channels(link, context.label.name, {
      onHeard: () => this.pulse.heard(),
      onClosed: (error) => this.#closed(error),
    });
    if (context.forwardAgent !== undefined) forwardKeyAgent(this.#channels, context.forwardAgent);
    this.#idle();
    if (this.#life === 'open') this.slots.refill();
  }

  get life(): ConnectionState {
    return this.#life;
  }

  /** Why the connection left the pool, once it has. */
  get evicted(): EvictReason | undefined {
    return this.#evicted;
  }

  /** How often the connection was used; the first use is a miss, later ones are hits. */
  get uses(): number {
    return this.standing.uses;
  }

  /** Drains the connection if its server is no longer trusted as before: a new login decides. */
  review(trust: Trust): void {
    if (!this.#judged.stands(trust, this.link)) this.drain(undefined);
  }

  /** Gives the taker a spare session, at once or as soon as one is open. Only while running is below cap. */
  take(taker: Taker): void {
    this.#used();
    this.slots.take(taker);
  }

  /** Opens a stream to a machine behind the server. */
  tunnel(destination: Destination, events: TunnelEvents): Tunnel {
    this.#used();
    this.tunnels++;
    return new Tunnel(this.#channels, destination, {
      ...events,
      onClosed: (error) => {
        this.tunnels--;
        events.onClosed(error);
        this.standing.touch();
        this.#leaveIfDone();
        this.#idle();
      },
    });
  }

  #used(): void {
    this.#idleTimer?.cancel();
    this.standing.used();
  }

  /** Pings the server, or starts its trial; onRoom follows, or the end of a dead idle connection. */
  probe(): void {
    if (this.untried && !this.busy) this.standing.try();
    else void this.pulse.probe();
  }

  /** Takes no more sessions; closes when the running ones have ended, with `force` at once. */
  drain(force: SshpoolError | undefined): void {
    if (this.#life === 'open') this.#life = 'draining';
    this.#evicted ??= 'closed';
    if (force) this.#end(force);
    else this.#leaveIfDone();
  }

  /** Sends SIGHUP to the running commands, which would otherwise go on at the server, and drops the link. */
  #end(reason: SshpoolError): void {
    for (const taker of this.slots.dismiss()) taker.onLost(reason);
    // A session without a command has no process to signal.
    const running = this.slots.running.filter(({ state }) => state !== 'spare');
    if (running.length === 0) {
      this.link.destroy(reason);
      return;
    }
    for (const session of running) void this.signal(session, 'HUP');
    this.#endTimer ??= this.#context.clock.after(HANG_UP_MS, () => this.link.destroy(reason));
  }

  /** Signals the remote process group of a running session; resolves to whether that worked. */
  signal(session: Session, name: string): Promise<boolean> {
    return this.#signals.send(session, name);
  }

  row(): ConnectionRow {
    return rowOf(this, {
      sessions: this.running,
      tunnels: this.tunnels,
      createdAt: this.#createdAt,
      lastUsedAt: this.standing.lastUsedAt,
      rttMs: this.pulse.rttMs,
    });
  }

  #refused(others: number): void {
    this.#context.counters.refusedSessions++;
    this.#context.events.onRefused();
    if (others > 0) this.#context.events.onLimit({ maxChannels: this.slots.maxSessions });
    // For example a bastion with MaxSessions 0, which only carries tunnels.
    else if (this.tunnels > 0) this.sessionless = true;
    // No session is open and the server opens no new one: the connection cannot be used any more.
    else this.drain(undefined);
    this.#idle();
  }

  /** Ignores spares that end with the connection: these tell nothing about the server. */
  #spareClosed(): void {
    if (this.#life === 'open') this.#context.events.onLimit({ spareless: true });
  }

  #freed(ran: boolean): void {
    if (this.#life === 'closed') return;
    if (ran) this.standing.served();
    this.slots.refill();
    this.#leaveIfDone();
    if (ran) this.#idle();
    this.#context.events.onRoom();
  }

  /** The trial has ended: the server takes several sessions, or one at a time. */
  #tried(result: TrialResult): void {
    if (this.#life !== 'open') return;
    if (result === 'silent') this.drain(undefined);
    else this.#idle();
    // Waiting callers come first: a server that is not proven gets a spare only while nothing runs.
    this.#context.events.onRoom();
    this.slots.refill();
  }

  #idle(): void {
    const { clock, settings } = this.#context;
    this.#idleTimer?.cancel();
    if (this.busy || this.#life !== 'open') return;
    if (this.standing.idle()) return this.drain(undefined);
    this.#idleTimer = clock.after(settings.idleTimeoutMs, () => {
      this.#evicted = 'idle';
      this.drain(undefined);
    });
  }

  #leaveIfDone(): void {
    if (this.#life === 'draining' && !this.busy) this.link.close();
  }

  #probed(alive: boolean): void {
    // A server with a running command may be slow to answer; the link's own keep-alive decides about
    // that. No caller waits for an idle connection, so it is closed.
    if (alive) this.#context.events.onReached();
    if (alive || this.busy) {
      this.#context.events.onRoom();
      return;
    }
    const { name: host } = this.label;
    this.#evicted ??= 'lost';
    this.link.destroy(SshpoolError.of('CONNECTION_LOST', { host, reason: 'no answer' }));
  }

  #fellSilent(): void {
    this.slots.fallSilent();
    this.#context.events.onRoom();
  }

  /**
   * Ends the commands that were sent and not answered. Running commands are left to the keep-alive, as
   * with ssh: the connection may recover.
   */
  #giveUp(): void {
    const unanswered = this.slots.unanswered;
    if (unanswered.length === 0) return;
    this.#retire(undefined);
    const { name: host } = this.label;
    const error = SshpoolError.of('CONNECTION_LOST', { host, reason: 'no answer' });
    for (const session of unanswered) {
      session.close({ kind: 'lost', error: SshpoolError.mayHaveRun(error) });
    }
  }

  /** A server that does not open or close sessions any more gets no further ones. */
  #stuck(): void {
    this.#retire(this.slots.served ? undefined : 'no answer');
    this.#leaveIfDone();
  }

  /** Takes no more sessions; callers that wait for one use another connection, or fail with `reason`. */
  #retire(reason: string | undefined): void {
    if (this.#life === 'open') this.#life = 'draining';
    this.#evicted ??= 'lost';
    for (const taker of this.slots.dismiss()) taker.onUnopened(reason);
  }

  /** Called before the sessions report their end, so that the pool places no caller here any more. */
  #closed(error: SshpoolError): void {
    const isUnexpected = this.#life === 'open' && this.#evicted === undefined;
    if (isUnexpected) this.standing.died(this.underWay);
    else this.standing.end();
    this.#life = 'closed';
    this.#evicted ??= 'lost';
    this.#idleTimer?.cancel();
    this.#endTimer?.cancel();
    this.pulse.end();
    const takers = this.slots.dismiss();
    this.#context.events.onClosed();
    this.#resolveClosed();
    for (const taker of takers) taker.onLost(error);
  }
}
