/**
 * What a pool for programs does whatever carries its commands: it checks what it is given, limits
 * how long things take, and knows what the program has under way. How a host is reached is up to
 * those who extend it.
 */
import { SshpoolError } from '../base/errors.ts';
import { systemClock } from '../base/time.ts';
import { collect } from './collect.ts';
import { GivenConnection } from './given-connection.ts';
import { Hold } from './hold.ts';
import { checkCommand, checkHost, type CheckedHost } from './host.ts';
import { Limit } from './limit.ts';
import { CommandProcess } from './process.ts';
import { checkExecOptions, checkHostConfig, checkRunOptions } from './schema.ts';
import type {
  AgentPoolConfig,
  ConnectionPool,
  ExecOptions,
  HostConfig,
  PooledConnection,
  PoolStats,
  RemoteProcess,
  RunOptions,
  RunResult,
} from './types.ts';

const DEFAULT_MAX_BYTES = 10 * 1024 * 1024;

/** A command to be started. */
export interface Job<Place> {
  readonly host: CheckedHost;
  readonly command: Buffer;
  readonly process: CommandProcess;
  /** What was reserved for it, if anything. */
  readonly place: Place | undefined;
  /** Its reason is an SshpoolError. */
  readonly signal: AbortSignal;
}

/** `Place` is what is reserved for a connection that is given out. */
export abstract class BasePool<Place> implements ConnectionPool {
  protected readonly clock = systemClock;
  protected readonly hold = new Hold();
  /** What runs, by the identity of its host. */
  readonly #running = new Map<CommandProcess, string>();
  /** Those that were not released. */
  readonly #given = new Set<GivenConnection<Place>>();
  /** Of what has not begun yet. */
  readonly #beginning = new Set<Limit>();
  readonly #ours = new WeakSet<PooledConnection>();
  readonly #configFile: string | undefined;
  #closed = false;

  constructor({ configFile }: AgentPoolConfig) {
    this.#configFile = configFile;
  }

  /** Connects to the host, and keeps room there. */
  protected abstract reserve(host: CheckedHost, signal: AbortSignal): Promise<Place>;
  protected abstract giveBack(place: Place): void;
  /** Resolves to the identity of the host when the command runs. */
  protected abstract start(job: Job<Place>): Promise<string>;
  /** Names what `start` resolves to. */
  protected abstract identify(host: CheckedHost): Promise<string>;
  /** Closes the connections to the host; nothing of this program runs on them. */
  protected abstract closeHost(host: CheckedHost, identity: string): Promise<void>;
  protected abstract closeAllHosts(): Promise<void>;
  abstract getStats(): PoolStats | Promise<PoolStats>;

  async getConnection(
    host: HostConfig,
    options: Pick<ExecOptions, 'signal'> = {},
  ): Promise<PooledConnection> {
    const checked = this.#check(host);
    const limit = new Limit(checkExecOptions(options), this.clock);
    try {
      const place = await this.hold.during(() =>
        this.#begin(
          limit,
          () => this.reserve(checked, limit.signal),
          (late) => this.giveBack(late),
        ),
      );
      // Ours, so that it stays what was connected to.
      const { config } = checked;
      const given = new GivenConnection(config, place, {
        exec: (command, more, held) => this.#exec(config, command, more, held),
        run: (command, more, held) => this.#run(config, command, more, held),
        giveBack: (held) => {
          this.#given.delete(given);
          if (held) this.giveBack(held);
        },
      });
      this.#given.add(given);
      this.#ours.add(given);
      return given;
    } catch (thrown) {
      throw this.#reasonFor(thrown, limit);
    } finally {
      limit.end();
    }
  }

  releaseConnection(host: HostConfig, connection: PooledConnection): void {
    const { name } = checkHostConfig(host);
    if (!this.#ours.has(connection) || connection.host.name !== name) {
      const problem = `is no connection to ${name} from this pool`;
      throw SshpoolError.of('BAD_INPUT', { field: 'connection', problem });
    }
    connection.release();
  }

  exec(host: HostConfig, command: string, options: ExecOptions = {}): Promise<RemoteProcess> {
    return this.#exec(host, command, options, undefined);
  }

  run(host: HostConfig, command: string, options: RunOptions = {}): Promise<RunResult> {
    return this.#run(host, command, options, undefined);
  }

  async closeConnection(host: HostConfig): Promise<void> {
    const checked = this.#check(host);
    await this.hold.during(async () => {
      const identity = await this.identify(checked);
      const facts = { host: host.name, by: 'closeConnection' };
      for (const [process, of] of this.#running) {
        if (of === identity) process.fail(SshpoolError.of('CONNECTION_CLOSED', facts));
      }
      await this.closeHost(checked, identity);
    });
  }

  async closeAll(): Promise<void> {
    this.#closed = true;
    for (const limit of this.#beginning) limit.abort(SshpoolError.of('POOL_CLOSED', {}));
    for (const process of this.#running.keys()) process.fail(SshpoolError.of('POOL_CLOSED', {}));
    await this.hold.during(() => this.closeAllHosts());
  }

  /** closeAll for a program that is about to end: of its commands nobody hears any more. */
  protected async abortAll(): Promise<void> {
    this.#closed = true;
    for (const process of this.#running.keys()) process.abort();
    await this.hold.during(() => this.closeAllHosts());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.closeAll();
  }

  /** What is reserved for those who were given a connection and have not released it. */
  protected get places(): readonly Place[] {
    return [...this.#given].flatMap(({ place }) => (place === undefined ? [] : [place]));
  }

  /** What was thrown may come of the end of the pool, or of the caller's. */
  #reasonFor(thrown: unknown, limit: Limit): unknown {
    return this.#closed ? SshpoolError.of('POOL_CLOSED', {}, thrown) : limit.reasonFor(thrown);
  }

  /** Whatever it waits for, nobody waits longer than the limit; `onLate` gets what comes after that. */
  async #begin<T>(
    limit: Limit,
    work: () => Promise<T>,
    onLate: (value: T) => void = () => undefined,
  ): Promise<T> {
    const { signal } = limit;
    if (signal.aborted) throw SshpoolError.from(signal.reason);
    this.#beginning.add(limit);
    try {
      return await new Promise<T>((resolve, reject) => {
        signal.addEventListener('abort', () => reject(SshpoolError.from(signal.reason)), {
          once: true,
        });
        work().then((value) => {
          if (signal.aborted) onLate(value);
          resolve(value);
        }, reject);
      });
    } finally {
      this.#beginning.delete(limit);
    }
  }

  #check(host: HostConfig): CheckedHost {
    if (this.#closed) throw SshpoolError.of('POOL_CLOSED', {});
    return checkHost(host, this.#configFile);
  }

  async #run(
    host: HostConfig,
    command: string,
    options: RunOptions,
    place: Place | undefined,
  ): Promise<RunResult> {
    const { maxBytes = DEFAULT_MAX_BYTES, ...given } = checkRunOptions(options);
    return collect(await this.#launch(host, command, given, place), maxBytes);
  }

  async #exec(
    host: HostConfig,
    command: string,
    options: ExecOptions,
    place: Place | undefined,
  ): Promise<CommandProcess> {
    return this.#launch(host, command, checkExecOptions(options), place);
  }

  /** The command, which runs; `given` was checked. */
  async #launch(
    host: HostConfig,
    command: string,
    given: ExecOptions,
    place: Place | undefined,
  ): Promise<CommandProcess> {
    const checked = this.#check(host);
    const words = checkCommand(command);
    const limit = new Limit(given, this.clock);
    const { signal } = limit;
    const process = new CommandProcess(given);
    const release = this.hold.take();
    const over = (): void => {
      this.#running.delete(process);
      limit.end();
    };
    try {
      const identity = await this.#begin(limit, () =>
        this.start({ host: checked, command: words, process, place, signal }),
      );
      this.#running.set(process, identity);
    } catch (thrown) {
      release();
      // Where it begins all the same, it is ended at once.
      process.fail(SshpoolError.from(thrown));
      over();
      throw this.#reasonFor(thrown, limit);
    }
    const fail = (): void => process.fail(SshpoolError.from(signal.reason));
    signal.addEventListener('abort', fail, { once: true });
    if (signal.aborted) fail();
    if (this.#closed) process.fail(SshpoolError.of('POOL_CLOSED', {}));
    process.exit.then(over, over);
    // Until then there is a KILL to send to what does not mind a TERM.
    void process.over.then(release);
    return process;
  }
}
