/** One pooled connection: its sessions, its keep-alive and its timers. */
import { SshpoolError } from '../../base/errors.ts';
import type { Trace } from '../../base/moves.ts';
import { forwardKeyAgent } from '../../ssh/channel/agent-forward.ts';
import { Channels } from '../../ssh/channel/channels.ts';
import type { Link } from '../../ssh/link/link.ts';
import type { Session } from '../../ssh/channel/session.ts';
import { Tunnel, type Destination, type TunnelEvents } from '../../ssh/channel/tunnel.ts';
import type { ConnectTimes, ConnectionContext, Label } from './context.ts';
import { HostTrust, type Trust } from './host-trust.ts';
import { Lifetime, type ConnectionState } from './lifetime.ts';
import { Pulse } from './pulse.ts';
import { CommandSignals } from './command-signals.ts';
import { Sessions, type Taker } from './sessions.ts';
import { Room } from './room.ts';
import { rowOf, type ConnectionRow } from './stats-row.ts';
import { Standing } from './standing.ts';
import type { TrialResult } from './trial.ts';

/** How long running commands may take to end after SIGHUP when the connection is closed by force. */
const HANG_UP_MS = 1000;

export class Connection extends Room {
  readonly id: number;
  readonly key: string;
  readonly label: Label;
  readonly took: ConnectTimes;
  readonly link: Link;
  readonly #context: ConnectionContext;
  readonly #channels: Channels;
  readonly pulse: Pulse;
  readonly #signals: CommandSignals;
  readonly #hostTrust: HostTrust;
  protected readonly standing: Standing;
  protected readonly sessions: Sessions;
  readonly #createdAt: number;
  readonly #lifetime: Lifetime;

  constructor(link: Link, context: ConnectionContext) {
    super();
    this.id = context.id;
    this.key = context.key;
    this.label = context.label;
    this.took = context;
    this.#context = context;
    this.link = link;
    this.#hostTrust = new HostTrust(context.trust, link);
    this.#lifetime = new Lifetime(context.id, context.clock, context.trace);
    this.#createdAt = context.clock.now();
    this.standing = new Standing({
      ...context,
      serverVersion: link.serverVersion,
      sessions: () => this.sessions,
      onFinding: (finding) => context.events.onLimit({ finding }),
      onTried: (result) => this.#tried(result),
    });
    this.pulse = new Pulse({
      ...context,
      ping: () => this.sessions.ping(),
      isAwaited: () => this.sessions.awaited,
      unconfirmed: () => this.#channels.unconfirmed,
      onProbed: (alive) => this.#probed(alive),
      onSilent: () => this.#fellSilent(),
      onSign: () => context.events.onRoom(),
      onExpired: () => this.#giveUp(),
      lastUsedAt: () => this.standing.lastUsedAt,
    });
    this.sessions = new Sessions({
      channels: () => this.#channels,
      clock: context.clock,
      limits: context.limits,
      keepsSpare: () => this.state === 'open' && this.allowsSpare,
      onRefused: (others) => this.#refused(others),
      onSpareClosed: () => this.#spareClosed(),
      onAsked: () => this.pulse.asked(),
      onFreed: (ran) => this.#freed(ran),
      onStuck: () => this.#stuck(),
      trace: this.#sessionTrace(),
    });
    this.#signals = new CommandSignals(link, this.sessions);
    this.#channels = new Channels(link, context.label.name, {
      onHeard: () => this.pulse.heard(),
      onClosed: (error) => this.#closed(error),
    });
  }

  /** If the link is lost already, onClosed is called at once. */
  start(): void {
    const { forwardAgent, events } = this.#context;
    this.#lifetime.connected();
    events.onOpen();
    this.standing.start();
    this.pulse.start();
    if (forwardAgent !== undefined) forwardKeyAgent(this.#channels, forwardAgent);
    this.#channels.start();
    this.#idle();
    if (this.state === 'open') this.sessions.refill();
  }

  get state(): ConnectionState {
    return this.#lifetime.state;
  }

  get closed(): Promise<void> {
    return this.#lifetime.closed;
  }

  get end(): Pick<Lifetime, 'evicted' | 'error'> {
    return this.#lifetime;
  }

  /** The first use is a miss, later ones are hits. */
  get uses(): number {
    return this.standing.uses;
  }

  /** If the server is no longer trusted as before, a new login decides. */
  review(trust: Trust): void {
    if (!this.#hostTrust.stands(trust, this.link)) this.drain(undefined);
  }

  /** Returns a spare; if there is none, onSession follows. Only while running is below cap. */
  take(taker: Taker): Session | undefined {
    this.#used();
    return this.sessions.take(taker);
  }

  tunnel(destination: Destination, events: TunnelEvents): Tunnel {
    this.#used();
    this.tunnels++;
    const tunnel = new Tunnel(this.#channels, destination, {
      ...events,
      onClosed: (error) => {
        this.tunnels--;
        events.onClosed(error);
        this.standing.touch();
        this.#leaveIfDone();
        this.#idle();
      },
    });
    tunnel.open();
    return tunnel;
  }

  #used(): void {
    this.#lifetime.used();
    this.standing.used();
  }

  /** Pings the server, or starts its trial; onRoom follows, or the end of a dead idle connection. */
  probe(): void {
    if (this.untried && !this.busy) this.standing.try();
    else void this.pulse.probe();
  }

  /** Takes no more sessions; closes when the running ones have ended, with `force` at once. */
  drain(force: SshpoolError | undefined): void {
    this.#lifetime.drain('closed');
    if (force) this.#end(force);
    else this.#leaveIfDone();
  }

  #sessionTrace(): Trace | undefined {
    const { trace, id } = this.#context;
    return trace && ((what, ...move) => trace(`connection ${id} ${what}`, ...move));
  }

  /** Sends SIGHUP to the running commands, which would otherwise go on at the server, and drops the link. */
  #end(reason: SshpoolError): void {
    for (const taker of this.sessions.dismiss()) taker.onLost(this.sessions.served, reason);
    // A session without a command has no process to signal.
    const running = this.sessions.running.filter(({ state }) => state !== 'spare');
    if (running.length === 0) {
      this.link.destroy(reason);
      return;
    }
    for (const session of running) void this.signal(session, 'HUP');
    this.#lifetime.endAfter(HANG_UP_MS, () => this.link.destroy(reason));
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
    this.#context.events.onRefused();
    if (others > 0) this.#context.events.onLimit({ maxChannels: this.sessions.maxSessions });
    // For example a bastion with MaxSessions 0, which only carries tunnels.
    else if (this.tunnels > 0) this.sessionless = true;
    else this.drain(undefined);
    this.#idle();
  }

  /** Ignores spares that end with the connection: these tell nothing about the server. */
  #spareClosed(): void {
    if (this.state === 'open') this.#context.events.onLimit({ spareless: true });
  }

  #freed(ran: boolean): void {
    if (this.state === 'closed') return;
    if (ran) this.standing.served();
    this.sessions.refill();
    this.#leaveIfDone();
    if (ran) this.#idle();
    this.#context.events.onRoom();
  }

  #tried(result: TrialResult): void {
    if (this.state !== 'open') return;
    if (result === 'silent') this.drain(undefined);
    else this.#idle();
    // Waiting callers come first: a server that is not proven gets a spare only while nothing runs.
    this.#context.events.onRoom();
    this.sessions.refill();
  }

  #idle(): void {
    this.#lifetime.used();
    if (this.busy || this.state !== 'open') return;
    if (this.standing.idle()) return this.drain(undefined);
    this.#lifetime.idle(this.#context.settings.idleTimeoutMs, () => this.drain(undefined));
  }

  #leaveIfDone(): void {
    if (this.state === 'draining' && !this.busy) this.link.close();
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
    this.#lifetime.drain('lost');
    this.link.destroy(SshpoolError.of('CONNECTION_LOST', { host, reason: 'no answer' }));
  }

  #fellSilent(): void {
    this.sessions.fallSilent();
    this.#context.events.onRoom();
  }

  /** Running commands are left to the keep-alive, as with ssh: the connection may recover. */
  #giveUp(): void {
    const unanswered = this.sessions.unanswered;
    if (unanswered.length === 0) return;
    this.#retire(undefined);
    const { name: host } = this.label;
    const error = SshpoolError.of('CONNECTION_LOST', { host, reason: 'no answer' });
    for (const session of unanswered) {
      session.close({ kind: 'lost', error: SshpoolError.mayHaveRun(error) });
    }
  }

  #stuck(): void {
    this.#retire(this.sessions.served ? undefined : 'no answer');
    this.#leaveIfDone();
  }

  #retire(reason: string | undefined): void {
    this.#lifetime.drain('lost');
    for (const taker of this.sessions.dismiss()) taker.onUnopened(reason);
  }

  /** Called before the sessions report their end, so that the pool places no caller here any more. */
  #closed(error: SshpoolError): void {
    const isUnexpected = this.state === 'open' && this.end.evicted === undefined;
    if (isUnexpected) this.standing.died(this.underWay);
    else this.standing.end();
    this.#lifetime.close(error);
    this.pulse.end();
    const takers = this.sessions.dismiss();
    this.#context.events.onClosed();
    for (const taker of takers) taker.onLost(this.sessions.served, error);
  }
}
