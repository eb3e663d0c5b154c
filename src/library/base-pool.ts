/** What both pools share: checks of arguments, time limits, running commands. Subclasses reach the hosts. */
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

export interface Job<Place> {
  readonly host: CheckedHost;
  readonly command: Buffer;
  readonly process: CommandProcess;
  readonly place: Place | undefined;
  readonly signal: AbortSignal;
}

/** `Place` is what a subclass reserves for a connection that is given out. */
export abstract class BasePool<Place> implements ConnectionPool {
  protected readonly clock = systemClock;
  protected readonly hold = new Hold();
  /** Each with the identity of its host. */
  readonly #running = new Map<CommandProcess, string>();
  readonly #given = new Set<GivenConnection<Place>>();
  /** Limits of connects and commands that have not begun yet. */
  readonly #beginning = new Set<Limit>();
  readonly #ours = new WeakSet<PooledConnection>();
  readonly #configFile: string | undefined;
  #closed = false;

  constructor({ configFile }: AgentPoolConfig) {
    this.#configFile = configFile;
  }

  protected abstract reserve(host: CheckedHost, signal: AbortSignal): Promise<Place>;
  protected abstract giveBack(place: Place): void;
  /** `start`, when the command runs, and `identify` resolve to the same identity of the host. */
  protected abstract start(job: Job<Place>): Promise<string>;
  protected abstract identify(host: CheckedHost): Promise<string>;
  /** No command of this program runs there any more. */
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
      // The checked copy: later changes to the caller's object have no effect on the connection.
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
      const problem = `is not a connection to ${name} from this pool`;
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

  /** closeAll for a program that is about to end: the results of its commands are not reported. */
  protected async abortAll(): Promise<void> {
    this.#closed = true;
    for (const process of this.#running.keys()) process.abort();
    await this.hold.during(() => this.closeAllHosts());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.closeAll();
  }

  protected get places(): readonly Place[] {
    return [...this.#given].flatMap(({ place }) => (place === undefined ? [] : [place]));
  }

  #reasonFor(thrown: unknown, limit: Limit): unknown {
    return this.#closed ? SshpoolError.of('POOL_CLOSED', {}, thrown) : limit.reasonFor(thrown);
  }

  /** `onLate` gets a result that comes after the limit. */
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
      // If the command starts later all the same, it is ended at once.
      process.fail(SshpoolError.from(thrown));
      over();
      throw this.#reasonFor(thrown, limit);
    }
    const fail = (): void => process.fail(SshpoolError.from(signal.reason));
    signal.addEventListener('abort', fail, { once: true });
    if (signal.aborted) fail();
    if (this.#closed) process.fail(SshpoolError.of('POOL_CLOSED', {}));
    process.exit.then(over, over);
    // Until then a KILL may have to be sent to a command that ignores TERM.
    void process.over.then(release);
    return process;
  }
}
