/** The pool: open connections by identity. How a caller asks or a link is made is not known here. */
import { SshpoolError } from '../base/errors.ts';
import type { Trace } from '../base/moves.ts';
import type { Clock } from '../base/time.ts';
import type { Tunnel } from '../ssh/channel/tunnel.ts';
import type { Connection } from './connection/connection.ts';
import type { Label } from './connection/context.ts';
import type { OnPoolEvent } from './events.ts';
import { Group } from './group.ts';
import type { PoolRequest, PoolSettings } from './request.ts';
import { Handshakes } from './handshakes.ts';
import { KnownLimits } from './connection/limits.ts';
import { Counters, totals, type Totals } from './stats.ts';
import type { ConnectionRow } from './connection/stats-row.ts';
import type { Lease, TunnelRequest } from './lease.ts';

export interface PoolSnapshot {
  readonly totals: Totals;
  readonly connections: readonly ConnectionRow[];
}

export type Match = (label: Label, key: string) => boolean;

export interface PoolEvents {
  /** The last connection, connect and waiting caller are gone; may be called several times. */
  onEmpty(): void;
  readonly onEvent?: OnPoolEvent;
  readonly trace?: Trace;
  /** Gets the digest of the key of a server that closes each connection after its first session. */
  readonly onSingle?: (digest: string) => void;
}

export class Pool {
  readonly #clock: Clock;
  readonly #settings: PoolSettings;
  readonly #groups = new Map<string, Group>();
  readonly #counters = new Counters();
  readonly #handshakes: Handshakes;
  readonly #limits: KnownLimits;
  #lastId = 0;
  #lastCall = 0;
  #closing = false;
  readonly #events: PoolEvents;
  #whenEmpty: (() => void)[] = [];

  constructor(
    clock: Clock,
    settings: PoolSettings,
    events: PoolEvents,
    random: () => number = Math.random,
  ) {
    this.#clock = clock;
    this.#settings = settings;
    this.#handshakes = new Handshakes(clock, random);
    this.#limits = new KnownLimits(clock, events.onSingle);
    this.#events = events;
  }

  recall(digests: readonly string[]): void {
    this.#limits.recall(digests);
  }

  get empty(): boolean {
    return this.#groups.size === 0;
  }

  /** @throws SshpoolError as Group.acquire; AGENT_STOPPING once closeAll was called */
  acquire(request: PoolRequest, signal: AbortSignal): Promise<Lease> {
    return this.#acquire(request.key, request, signal);
  }

  /** @throws SshpoolError as Group.tunnel; AGENT_STOPPING once closeAll was called */
  tunnel(request: PoolRequest, way: TunnelRequest, signal: AbortSignal): Promise<Tunnel> {
    if (this.#closing) return Promise.reject(SshpoolError.of('AGENT_STOPPING', {}));
    return this.#group(request.key, request.key).tunnel(request, way, signal);
  }

  hasConnection(match: Match): boolean {
    return this.#connections().some(({ label, key }) => match(label, key));
  }

  /** Callers wait for a session, and no connect or probe is under way that could serve them. */
  isCrowded(key: string): boolean {
    return this.#groups.get(key)?.isCrowded ?? false;
  }

  /** A session over a connection of its own, which closes after the session. */
  async acquireFresh(request: PoolRequest, signal: AbortSignal): Promise<Lease> {
    const lease = await this.#acquire(`fresh ${++this.#lastId}`, request, signal);
    lease.connection.drain(undefined);
    return lease;
  }

  recordExec(ms: number): void {
    this.#counters.exec.add(ms);
  }

  /** Resolves to the former rows once all (with `force`) or the idle ones have closed; `by` is the reason. */
  async close(
    match: Match,
    { force, by = 'sshpool close' }: { readonly force: boolean; readonly by?: string },
  ): Promise<ConnectionRow[]> {
    const matching = this.#connections().filter(({ label, key }) => match(label, key));
    const rows = matching.map((connection) => connection.row());
    const leaving = matching.filter(({ busy }) => force || !busy);
    for (const connection of matching) {
      const facts = { host: connection.label.name, by };
      connection.drain(force ? SshpoolError.of('CONNECTION_CLOSED', facts) : undefined);
    }
    await Promise.all(leaving.map(({ closed }) => closed));
    return rows;
  }

  /** Closes the pool, with `force` also for waiting and connecting callers; resolves when it is empty. */
  closeAll(force: SshpoolError | undefined): Promise<void> {
    this.#closing = true;
    for (const group of [...this.#groups.values()]) group.close(force);
    if (this.empty) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  stats(match: Match = () => true): PoolSnapshot {
    const connections = this.#connections()
      .filter(({ label, key }) => match(label, key))
      .map((connection) => connection.row());
    const queued = [...this.#groups.values()].reduce((sum, group) => sum + group.queued, 0);
    return { totals: totals(this.#counters, connections, queued), connections };
  }

  #connections(): Connection[] {
    return [...this.#groups.values()].flatMap(({ connections }) => [...connections]);
  }

  #acquire(group: string, request: PoolRequest, signal: AbortSignal): Promise<Lease> {
    if (this.#closing) return Promise.reject(SshpoolError.of('AGENT_STOPPING', {}));
    return this.#group(group, request.key).acquire(request, signal);
  }

  /** `name`: the key, or a unique name for a caller that wants its own connection. */
  #group(name: string, key: string): Group {
    const known = this.#groups.get(name);
    if (known) return known;
    const group = new Group({
      clock: this.#clock,
      settings: this.#settings,
      counters: this.#counters,
      handshakes: this.#handshakes,
      limits: {
        known: () => this.#limits.of(key),
        learn: (found) => this.#limits.learn(key, found),
      },
      nextId: () => ++this.#lastId,
      nextCall: () => ++this.#lastCall,
      onEvent: this.#events.onEvent,
      trace: this.#events.trace,
      onEmpty: () => this.#forget(name, group),
    });
    this.#groups.set(name, group);
    return group;
  }

  #forget(name: string, group: Group): void {
    if (this.#groups.get(name) === group) this.#groups.delete(name);
    if (!this.empty) return;
    const waiting = this.#whenEmpty;
    this.#whenEmpty = [];
    for (const resolve of waiting) resolve();
    this.#events.onEmpty();
  }
}
