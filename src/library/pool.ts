/** A pool of connections in the process of a program. */
import { channel } from 'node:diagnostics_channel';
import { EventEmitter } from 'node:events';
import { currentDirectory } from '../base/current-directory.ts';
import { SshpoolError } from '../base/errors.ts';
import { FileContents } from '../config/ssh-config/file-contents.ts';
import { runtimePaths } from '../config/settings/paths.ts';
import { checkDir, ensureDir } from '../config/settings/private-directory.ts';
import { selectEnv } from '../config/ssh-config/send-env.ts';
import type { Settings } from '../config/settings/settings.ts';
import { Mounts } from '../config/ssh-config/mounts.ts';
import { SshConfig } from '../config/ssh-config/ssh-g.ts';
import type { OnPoolEvent, PoolEvent } from '../pool/events.ts';
import { Pool } from '../pool/pool.ts';
import type { Lease } from '../pool/lease.ts';
import { reach, type ReachResult, type ReachServices, type CallerContext } from '../reach/reach.ts';
import { Links } from '../ssh/connect-link.ts';
import { HeldKeys } from '../ssh/keys/held-keys.ts';
import type { Link } from '../ssh/link/link.ts';
import { Penalties } from '../ssh/login/penalties.ts';
import { noAnswer } from '../ssh/link/prompts.ts';
import { CALLER_ENV, matchingEnv } from '../wire/caller-env.ts';
import { BasePool, type Job } from './base-pool.ts';
import type { CheckedHost } from './host.ts';
import { startOverSession } from './over-session.ts';
import { checkPoolConfig } from './schema.ts';
import { statsOf } from './stats.ts';
import type { PoolStats, SSHPoolConfig } from './types.ts';

export const DEFAULT_POOL_CONFIG = {
  maxConnections: 5,
  idleTimeoutMs: 60_000,
  connectionTimeoutMs: 5000,
  enableHealthChecks: true,
  healthCheckIntervalMs: 30_000,
} as const satisfies SSHPoolConfig;

const DEFAULT_QUEUE_TIMEOUT_MS = 30_000;

/** The events of a pool by name, each with the arguments of its listeners. */
export type PoolEventMap = {
  [T in PoolEvent['type']]: [event: Extract<PoolEvent, { type: T }>];
};

type Listener<T extends keyof PoolEventMap> = (...args: PoolEventMap[T]) => void;

/** Room at a host: an open session, until the first command takes it. */
class Place {
  #lease: Lease | undefined;
  #connectionId: number;

  constructor(lease: Lease) {
    this.#lease = lease;
    this.#connectionId = lease.connection.id;
  }

  get connectionId(): number {
    return this.#connectionId;
  }

  used({ connection }: Lease): void {
    this.#connectionId = connection.id;
  }

  /** The session, if it is known to work; after a sleep of the machine only an attempt would tell. */
  take(): Lease | undefined {
    const lease = this.#lease;
    this.#lease = undefined;
    if (lease === undefined) return undefined;
    const { session, connection } = lease;
    const isUsable = session.state === 'spare' && connection.state === 'open';
    if (isUsable && connection.proof === 'proven') return lease;
    session.close();
    return undefined;
  }

  giveBack(): void {
    this.#lease?.session.close();
    this.#lease = undefined;
  }
}

/** Never prompts: a host key or passphrase that needs an answer fails. Idle, it lets the process end. */
export class SSHConnectionPool extends BasePool<Place> {
  /** `on` and `off` give its listeners their types. */
  readonly #emitter = new EventEmitter();
  readonly #pool: Pool;
  readonly #services: ReachServices;
  readonly #heldKeys: HeldKeys;

  /** @throws SshpoolError BAD_INPUT naming the field; BAD_SETTING, PATH_TOO_LONG */
  constructor(config: Partial<SSHPoolConfig> = {}) {
    const checked = checkPoolConfig(withDefaults(config));
    super(checked);
    const settings = settingsOf(checked);
    const { clock } = this;
    const paths = runtimePaths(process.env, process.getuid?.() ?? 0);
    const onEvent: OnPoolEvent = (event) => this.#tell(event);
    this.#pool = new Pool(clock, settings, { onEmpty: () => undefined, onEvent });
    this.#heldKeys = new HeldKeys(clock);
    const penalties = new Penalties(clock);
    const links = new Links(clock, settings.link, penalties);
    const connect: Links['connect'] = async (key, request) => {
      // A link over OpenSSH puts its socket into this directory.
      ensureDir(paths.dir);
      checkDir(paths.dir, process.getuid?.() ?? 0);
      const link: Link = await links.connect(key, request);
      link.unref();
      return link;
    };
    const mounts = new Mounts({ clock });
    this.#services = {
      clock,
      settings,
      paths,
      mounts,
      sshConfig: new SshConfig({ clock, mounts }),
      contents: new FileContents(clock),
      heldKeys: this.#heldKeys,
      env: process.env,
      pool: this.#pool,
      penalties,
      links: () => Promise.resolve({ connect }),
    };
  }

  /** Calls `listener` at each event of this type; also published as diagnostics channel `sshpool:TYPE`. */
  on<T extends keyof PoolEventMap>(type: T, listener: Listener<T>): this {
    this.#emitter.on(type, listener);
    return this;
  }

  off<T extends keyof PoolEventMap>(type: T, listener: Listener<T>): this {
    this.#emitter.off(type, listener);
    return this;
  }

  getStats(): PoolStats {
    const { totals, connections } = this.#pool.stats();
    const held = new Set(this.places.map(({ connectionId }) => connectionId));
    const idle = connections.filter(({ id, state }) => state === 'idle' && !held.has(id)).length;
    return {
      ...statsOf(totals),
      // A connection that is given out is in use, also between two commands.
      activeConnections: connections.length - idle,
      idleConnections: idle,
    };
  }

  protected async reserve(host: CheckedHost, signal: AbortSignal): Promise<Place> {
    const { request } = await this.#reach(host);
    return new Place(await this.#pool.acquire(request, signal));
  }

  protected giveBack(place: Place): void {
    place.giveBack();
  }

  protected async start(job: Job<Place>): Promise<string> {
    const { options, request } = await this.#reach(job.host);
    const { place, signal } = job;
    const lease = place?.take() ?? (await this.#pool.acquire(request, signal));
    place?.used(lease);
    if (signal.aborted) {
      lease.session.close();
      throw SshpoolError.from(signal.reason);
    }
    if (lease.session.state !== 'spare') {
      const { name } = job.host.config;
      throw SshpoolError.of('SESSION_REFUSED', { host: name, reason: 'it was closed at once' });
    }
    const start = {
      command: job.command,
      env: selectEnv(options, process.env),
      agentForward: request.forwardAgent !== undefined,
    };
    await startOverSession(job.process, lease, start, this.clock);
    return request.key;
  }

  protected async identify(host: CheckedHost): Promise<string> {
    const { request } = await this.#reach(host);
    return request.key;
  }

  protected async closeHost(host: CheckedHost, identity: string): Promise<void> {
    await this.#pool.close((_label, key) => key === identity, {
      force: true,
      by: 'closeConnection',
    });
  }

  protected closeAllHosts(): Promise<void> {
    this.#heldKeys.close();
    return this.#pool.closeAll(SshpoolError.of('POOL_CLOSED', {}));
  }

  /** Labels the host with the name that the program gave it. */
  async #reach({ config, target, sshArgs }: CheckedHost): Promise<ReachResult> {
    const reached = await reach(this.#services, { target, sshArgs }, NO_CALLER);
    const { name } = config;
    const { request } = reached;
    const label = { ...request.label, target: name, name };
    return { ...reached, request: { ...request, label } };
  }

  #tell(event: PoolEvent): void {
    const published = channel(`sshpool:${event.type}`);
    if (published.hasSubscribers) published.publish(event);
    // Not from within the pool: an error of a listener must not reach the callers that the pool serves.
    process.nextTick(() => {
      // An error event without a listener would be thrown; the caller that fails gets the error anyway.
      if (this.#emitter.listenerCount(event.type) > 0) this.#emitter.emit(event.type, event);
    });
  }
}

/** An undefined value must not replace a default. */
function withDefaults(config: Partial<SSHPoolConfig>): SSHPoolConfig {
  const given = Object.entries(config).filter(([, value]) => value !== undefined);
  return { ...DEFAULT_POOL_CONFIG, ...(Object.fromEntries(given) as Partial<SSHPoolConfig>) };
}

const NO_CALLER: CallerContext = {
  get cwd() {
    return currentDirectory();
  },
  get env() {
    return matchingEnv(process.env, CALLER_ENV);
  },
  environment: (patterns) => Promise.resolve(matchingEnv(process.env, patterns)),
  ask: noAnswer,
  note: () => undefined,
};

function settingsOf(config: SSHPoolConfig): Settings {
  const { enableHealthChecks, queueTimeoutMs, link, configFile: _, ...rest } = config;
  return {
    ...rest,
    healthChecks: enableHealthChecks,
    queueTimeoutMs: queueTimeoutMs ?? DEFAULT_QUEUE_TIMEOUT_MS,
    link: link ?? 'auto',
    followAddresses: false,
    agentIdleTimeoutMs: 0,
    log: 'info',
  };
}
