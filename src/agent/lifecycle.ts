/** The agent's life: it publishes its socket and serves until it is stopped, is idle, or loses the socket. */
import type { Socket } from 'node:net';
import { createLog, type Log } from '../base/log.ts';
import { describe, SshpoolError } from '../base/errors.ts';
import { ownPlace } from '../base/place.ts';
import { statePath } from '../base/state-file.ts';
import { systemClock, type Clock, type Timer } from '../base/time.ts';
import { removeAgentPid, writeAgentPid } from '../config/settings/agent-pid.ts';
import { FileContents } from '../config/ssh-config/file-contents.ts';
import { Mounts } from '../config/ssh-config/mounts.ts';
import { startFailure, type RuntimePaths } from '../config/settings/paths.ts';
import type { Settings } from '../config/settings/settings.ts';
import { SshConfig } from '../config/ssh-config/ssh-g.ts';
import { Pool } from '../pool/pool.ts';
import { HeldKeys } from '../ssh/keys/held-keys.ts';
import { Penalties } from '../ssh/login/penalties.ts';
import { AGENT_ENV, CALLER_ENV, matchesEnv, matchingEnv } from '../wire/caller-env.ts';
import { Caller } from './caller.ts';
import { Listener } from './listener.ts';
import { logPool } from './pool-log.ts';
import { Masters } from './masters.ts';
import { OtherSettings } from './other-settings.ts';
import { MemoryReturn } from './memory-return.ts';
import type { Services } from './services.ts';
import { SingleServers } from './single-servers.ts';
import { Unfinished } from './unfinished.ts';

/** How often the agent checks that its socket still exists. */
const SELF_CHECK_MS = 10_000;
/** The same for an agent whose place another one has taken: it serves who waits in its service's queue. */
const DISPLACED_MS = 1000;
/** How long callers may take to read their last message when the agent leaves. */
const FAREWELL_MS = 2000;

export interface AgentConfig {
  readonly paths: RuntimePaths;
  readonly settings: Settings;
  readonly version: string;
  /** A descriptor on which a service manager listens already. */
  readonly inherited?: number | undefined;
  /** May throw; the line is then dropped. */
  readonly writeLog: (line: string) => void;
  readonly clock?: Clock;
}

/** `serving` accepts callers; `leaving` waits for running commands; `gone` has closed everything. */
export type AgentState = 'serving' | 'leaving' | 'gone';

type Files = Pick<Services, 'mounts' | 'sshConfig'>;

export class Agent {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #settings: Settings;
  readonly #listener: Listener;
  readonly #pool: Pool;
  readonly #memory: MemoryReturn;
  readonly #single: SingleServers;
  readonly #callers = new Set<Caller>();
  readonly #services: Services;
  #life: AgentState = 'serving';
  #forced = false;
  #idleTimer: Timer | undefined;
  #checkTimer: Timer | undefined;
  #resolveGone: () => void = () => undefined;
  readonly gone: Promise<void>;

  private constructor(config: AgentConfig, listener: Listener, files: Files) {
    const { paths, settings, version, clock = systemClock } = config;
    this.#clock = clock;
    this.#settings = settings;
    this.#listener = listener;
    this.#log = createLog(clock, config.writeLog, settings.log);
    this.#single = new SingleServers(statePath(process.env, 'servers.json'), () => clock.now());
    this.#pool = new Pool(clock, settings, {
      onEmpty: () => this.#rest(),
      onEvent: logPool(this.#log),
      trace: (what, from, to, event) =>
        this.#log.debug(() => `${what}: ${from} -> ${to} (${event})`),
      onSingle: (digest) => {
        this.#single.add(digest).catch((thrown: unknown) => this.#unwritten(thrown));
      },
    });
    this.#memory = new MemoryReturn(clock);
    this.gone = new Promise((resolve) => (this.#resolveGone = resolve));
    const penalties = new Penalties(clock);
    this.#services = {
      clock,
      log: this.#log,
      paths,
      settings,
      ...files,
      contents: new FileContents(clock),
      heldKeys: new HeldKeys(clock),
      env: withoutCallerEnv(process.env),
      pool: this.#pool,
      penalties,
      masters: new Masters(clock, this.#pool),
      otherSettings: new OtherSettings(clock, () => ({ ...settings, log: this.#log.level })),
      place: ownPlace({}),
      links: once(async () => {
        const { Links } = await import('../ssh/connect-link.ts');
        const onOther = (host: string, why: string): void =>
          this.#log.info(`${host}: connects with OpenSSH, ${why}`);
        return new Links(clock, settings.link, penalties, onOther);
      }),
      unfinished: new Unfinished(clock),
      version,
      startedAt: clock.monotonic(),
      stoppedByForce: () => this.#forced,
      stop: (options) => this.stop(options),
    };
  }

  #start(): void {
    const { paths, version } = this.#services;
    this.#log.info(`agent ${version} started, pid ${process.pid}`);
    void this.#single.digests().then((digests) => this.#pool.recall(digests));
    const { published } = this.#listener;
    if (published) writeAgentPid(paths).catch((thrown: unknown) => this.#log.fault(thrown));
    this.#checkLater(published ? SELF_CHECK_MS : DISPLACED_MS);
    this.#rest();
  }

  /** Needs the start lock; undefined if one runs. @throws SshpoolError UNSAFE_PATH, AGENT_START, NO_USER */
  static async start(config: AgentConfig): Promise<Agent | undefined> {
    // Before callers can connect: throws where the user database has no entry for this user.
    const { clock = systemClock } = config;
    const mounts = new Mounts({ clock });
    const files = { mounts, sshConfig: new SshConfig({ clock, mounts }) };
    // Callers may connect as soon as the socket is published, before publish has returned.
    const early: Socket[] = [];
    let agent: Agent | undefined;
    const onCaller = (socket: Socket): void => {
      if (agent) agent.#serve(socket);
      else early.push(socket);
    };
    const { paths, inherited } = config;
    const listening =
      inherited === undefined
        ? Listener.publish(paths, onCaller)
        : Listener.inherit(paths, inherited, onCaller);
    const listener = await listening.catch((thrown: unknown) => {
      throw startFailure(paths, thrown);
    });
    if (listener === undefined) return undefined;
    agent = new Agent(config, listener, files);
    agent.#start();
    for (const socket of early) agent.#serve(socket);
    return agent;
  }

  get log(): Log {
    return this.#log;
  }

  /** Stops the agent after the running commands, or with `force` ends them. May be called again. */
  stop({ force }: { readonly force: boolean }): void {
    if (this.#life === 'serving') {
      this.#life = 'leaving';
      this.#log.info('agent leaves');
      this.#listener.close();
      this.#idleTimer?.cancel();
      this.#checkTimer?.cancel();
    }
    this.#forced ||= force;
    const reason = force ? SshpoolError.of('AGENT_STOPPING', {}) : undefined;
    void this.#pool.closeAll(reason).finally(() => this.#farewell());
  }

  #unwritten(thrown: unknown): void {
    this.#log.info(`what was learned of a server could not be kept: ${describe(thrown)}`);
  }

  #serve(socket: Socket): void {
    const caller: Caller = new Caller(socket, this.#services, () => {
      this.#callers.delete(caller);
      this.#rest();
      this.#memory.settle();
    });
    this.#callers.add(caller);
    this.#idleTimer?.cancel();
    if (this.#life !== 'serving') caller.dismiss();
  }

  /** Called whenever a call or connection ended: without any left, the idle time begins. */
  #rest(): void {
    this.#idleTimer?.cancel();
    if (this.#callers.size > 0 || !this.#pool.empty) return;
    if (this.#life === 'leaving') return this.#farewell();
    if (this.#life !== 'serving' || this.#settings.agentIdleTimeoutMs === 0) return;
    this.#idleTimer = this.#clock.after(this.#settings.agentIdleTimeoutMs, () => {
      this.#log.info('the agent is not needed any more');
      this.stop({ force: false });
    });
  }

  #farewell(): void {
    if (this.#life === 'gone') return;
    for (const caller of this.#callers) caller.dismiss();
    if (this.#callers.size === 0) return this.#end();
    this.#clock.after(FAREWELL_MS, () => {
      for (const caller of this.#callers) caller.destroy();
      this.#end();
    });
  }

  #end(): void {
    if (this.#life === 'gone') return;
    this.#life = 'gone';
    removeAgentPid(this.#services.paths);
    try {
      this.#listener.restore();
    } catch (thrown) {
      this.#log.info(`the service's socket is not back in its place: ${describe(thrown)}`);
    }
    this.#log.info('agent gone');
    this.#resolveGone();
  }

  #checkLater(ms: number): void {
    this.#checkTimer = this.#clock.after(ms, () => {
      if (this.#listener.published) return this.#checkLater(SELF_CHECK_MS);
      this.#log.info("the socket is gone or is another agent's");
      this.stop({ force: false });
    });
  }
}

/** Without the variables that callers send: those of the starter must not reach the calls of others. */
function withoutCallerEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own = Object.entries(matchingEnv(env, AGENT_ENV));
  return Object.fromEntries(own.filter(([name]) => !matchesEnv(name, CALLER_ENV)));
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
