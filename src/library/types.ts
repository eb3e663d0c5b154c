/** What programs give the pool and get from it. The public types of the library; no code. */
import type { Readable, Writable } from 'node:stream';
import type { LinkSetting } from '../config/settings/settings.ts';

/** A host as a program describes it. Missing fields come from ssh_config(5), as with ssh. */
export interface HostConfig {
  /** The name in messages and statistics. Reuse is decided by the full identity, not by this. */
  readonly name: string;
  /** An alias of ssh_config, a name or an address. */
  readonly host: string;
  /** From 1 to 65535. */
  readonly port?: number | undefined;
  readonly protocol: 'ssh';
  readonly sshUser?: string | undefined;
  /** A private key file, as `ssh -i` takes it; `~/` is the home directory. */
  readonly sshKeyPath?: string | undefined;
  /** Options of ssh_config(5), as `ssh -o NAME=VALUE` takes them. */
  readonly sshOptions?: Readonly<Record<string, string>> | undefined;
}

export interface SSHPoolConfig {
  /** The most connections to one host at a time; each carries up to eight commands. */
  readonly maxConnections: number;
  /** How long a connection stays open without a command. */
  readonly idleTimeoutMs: number;
  /** How long a host may take to answer a new connection; ConnectTimeout of ssh_config takes precedence. */
  readonly connectionTimeoutMs: number;
  /** Whether idle connections are pinged regularly. */
  readonly enableHealthChecks: boolean;
  readonly healthCheckIntervalMs: number;
  /** How long a command waits for room when all connections are full; default 30000. */
  readonly queueTimeoutMs?: number | undefined;
  /** What makes connections: `auto` (the default), `ssh2` or `openssh`. */
  readonly link?: LinkSetting | undefined;
  /** The configuration file, as `ssh -F` takes it; default: the files of the user and the system. */
  readonly configFile?: string | undefined;
}

export type AgentPoolConfig = Pick<SSHPoolConfig, 'configFile'>;

export interface PoolStats {
  /** Uses of an existing connection. */
  readonly poolHits: number;
  /** Uses of a new connection. */
  readonly poolMisses: number;
  /** Connections with a running command, or given out and not released. */
  readonly activeConnections: number;
  readonly idleConnections: number;
  readonly totalConnections: number;
  readonly healthCheckFailures: number;
  readonly healthChecksPassed: number;
}

export interface ExecOptions {
  /** Ends the command, or the wait for a connection: CANCELLED, with the signal's reason as its cause. */
  readonly signal?: AbortSignal | undefined;
  /** Time limit in milliseconds for all of it, connecting too: TIMED_OUT. Default: none. */
  readonly timeoutMs?: number | undefined;
  /** The whole standard input. */
  readonly input?: string | Uint8Array | undefined;
  /** `pipe`: the caller writes to `stdin`. Without this and `input`, standard input is empty. */
  readonly stdin?: 'pipe' | 'ignore' | undefined;
}

export interface RemoteExit {
  /** Its exit status; 128+n if signal n ended it. */
  readonly exitCode: number;
  /** The signal that ended it, without SIG. */
  readonly signal: string | undefined;
  /** The connection was used before. */
  readonly reused: boolean;
}

/** A signal of RFC 4254 section 6.10. */
export type SignalName = 'HUP' | 'INT' | 'QUIT' | 'TERM' | 'KILL' | 'USR1' | 'USR2';

/**
 * A running command. Both outputs are readable streams of bytes (`for await`, `pipe`). A caller that does
 * not read them blocks the command, as with a local one. They share one window of 2 MiB.
 */
export interface RemoteProcess extends AsyncDisposable {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /**
   * Resolves when the command has ended, whatever its status. Rejects with SshpoolError CONNECTION_LOST,
   * CONNECTION_CLOSED, POOL_CLOSED, AGENT_LOST, NO_STATUS, REQUEST_REFUSED, CANCELLED or TIMED_OUT.
   */
  readonly exit: Promise<RemoteExit>;
  /** Signals the process group of the command; default TERM. */
  kill(signal?: SignalName): void;
  /** Ends the command by TERM or HUP, then by KILL. Resolves when it has ended, or the agent was told. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface RunOptions extends Omit<ExecOptions, 'stdin'> {
  /** The most bytes of both outputs together; default 10 MiB. */
  readonly maxBytes?: number | undefined;
}

export interface RunResult extends RemoteExit {
  /** As UTF-8. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Given out by getConnection. If it is lost, the next command runs over another one. `using` releases it. */
export interface PooledConnection extends Disposable {
  readonly host: HostConfig;
  /** @throws SshpoolError RELEASED after its release, and as ConnectionPool.exec */
  exec(command: string, options?: ExecOptions): Promise<RemoteProcess>;
  /** @throws SshpoolError RELEASED after its release, and as ConnectionPool.run */
  run(command: string, options?: RunOptions): Promise<RunResult>;
  /** Releases the connection; running commands go on. May be called again. */
  release(): void;
}

/** The methods of both kinds of pools: the one in this process, and the one over the user's agent. */
export interface ConnectionPool extends AsyncDisposable {
  /**
   * A connection to the host, logged in.
   * @throws SshpoolError BAD_INPUT, POOL_EXHAUSTED, POOL_CLOSED, CANCELLED; why the host cannot be reached
   */
  getConnection(
    host: HostConfig,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<PooledConnection>;
  /** May be called again. @throws SshpoolError BAD_INPUT if it is not of that host and this pool */
  releaseConnection(host: HostConfig, connection: PooledConnection): void;
  /**
   * Starts a command through the login shell of the host; resolves when it runs.
   * @throws SshpoolError as getConnection; BAD_COMMAND, REQUEST_REFUSED, TIMED_OUT
   */
  exec(host: HostConfig, command: string, options?: ExecOptions): Promise<RemoteProcess>;
  /**
   * Runs a command to its end, whatever its status, and collects what it prints.
   * @throws SshpoolError as exec and RemoteProcess.exit; OUTPUT_TOO_LONG, which ends the command
   */
  run(host: HostConfig, command: string, options?: RunOptions): Promise<RunResult>;
  /** Closes the connections to the host; this program's commands on them end (CONNECTION_CLOSED). */
  closeConnection(host: HostConfig): Promise<void>;
  /**
   * Ends all commands of this program (POOL_CLOSED), by TERM and HUP, and closes the pool for good. A
   * command that ignores both signals goes on at the host.
   */
  closeAll(): Promise<void>;
  getStats(): PoolStats | Promise<PoolStats>;
}
