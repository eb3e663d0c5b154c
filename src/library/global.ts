/** One pool for the whole program, and the shortest way to run a command. */
import { SshpoolError } from '../base/errors.ts';
import type { Settings } from '../config/settings/settings.ts';
import { parseSettings } from '../config/settings/settings-schema.ts';
import { checkPoolOption } from './schema.ts';
import { SSHConnectionPool } from './pool.ts';
import type { ConnectionPool, HostConfig, RunOptions, SSHPoolConfig } from './types.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const DEFAULT_TIMEOUT_MS = 30_000;
/** How long ending the commands may delay the end of the program. */
const LEAVE_MS = 1500;

let globalPool: GlobalPool | undefined;

class GlobalPool extends SSHConnectionPool {
  constructor(config: SSHPoolConfig) {
    super(config);
    process.once('exit', this.#close);
    // Called first: `once` handlers of the program are still registered then, and they do not count this one.
    for (const signal of SIGNALS) process.prependOnceListener(signal, this.#onSignal);
  }

  override closeAll(): Promise<void> {
    this.#forget();
    return super.closeAll();
  }

  #forget(): void {
    if (globalPool === this) globalPool = undefined;
    process.off('exit', this.#close);
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
  }

  readonly #close = (): void => void this.closeAll();

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    // If the program has handlers, they decide what happens to it.
    if (process.listenerCount(signal) > 0) return this.#close();
    // Without this handler the signal would have ended the process: it still does, once the hosts were told.
    this.#forget();
    const end = (): void => void process.kill(process.pid, signal);
    this.clock.after(LEAVE_MS, end);
    this.abortAll().then(end, end);
  };
}

/**
 * The pool of this program, configured by the SSH_POOL_* variables; after it was closed, a new one. Closed
 * on SIGINT, SIGTERM and exit; all other effects of a signal stay the same.
 * @throws SshpoolError BAD_SETTING naming the variable, PATH_TOO_LONG
 */
export function getGlobalPool(): SSHConnectionPool {
  return (globalPool ??= new GlobalPool(configOf(parseSettings(process.env))));
}

function configOf({ healthChecks, agentIdleTimeoutMs: _, ...same }: Settings): SSHPoolConfig {
  return { ...same, enableHealthChecks: healthChecks };
}

export interface SSHCommandOptions extends Omit<RunOptions, 'timeoutMs'> {
  /** Default: the global pool. */
  readonly pool?: ConnectionPool | undefined;
}

/**
 * Resolves to the standard output, without white space at both ends. `timeoutMs` includes connecting.
 * @throws SshpoolError COMMAND_FAILED with the command's own status and stderr, and as ConnectionPool.run
 */
export async function executeSSHCommand(
  host: HostConfig,
  command: string,
  timeoutMs = DEFAULT_TIMEOUT_MS,
  given: SSHCommandOptions = {},
): Promise<string> {
  checkPoolOption(given);
  const { pool = getGlobalPool(), ...options } = given;
  const { exitCode, stdout, stderr } = await pool.run(host, command, { ...options, timeoutMs });
  if (exitCode === 0) return stdout.trim();
  throw SshpoolError.of('COMMAND_FAILED', { exitCode, stderr: stderr.trim() });
}
