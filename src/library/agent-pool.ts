/** A pool for programs over the connections of the user's agent, shared with all callers of sshpool. */
import { currentDirectory } from '../base/current-directory.ts';
import { SshpoolError } from '../base/errors.ts';
import { ownPlace } from '../base/place.ts';
import { programVersion } from '../base/version.ts';
import { envLines } from '../client/call/call.ts';
import { connectOrStart } from '../client/call/connect.ts';
import { request } from '../client/request.ts';
import { withAgent } from '../client/call/versions.ts';
import { runtimePaths } from '../config/settings/paths.ts';
import { BasePool, type Job } from './base-pool.ts';
import type { CheckedHost } from './host.ts';
import { startOverAgent, type AgentSetting } from './over-agent.ts';
import { checkAgentPoolConfig } from './schema.ts';
import { statsOf } from './stats.ts';
import type { AgentPoolConfig, PoolStats } from './types.ts';

const REACHED = Symbol('reached');

/** Never prompts. Statistics are those of all callers; `closeAll` leaves the connections open for others. */
export class AgentPool extends BasePool<typeof REACHED> {
  readonly #setting: AgentSetting;

  constructor(setting: AgentSetting, config: AgentPoolConfig) {
    super(config);
    this.#setting = setting;
  }

  async getStats(): Promise<PoolStats> {
    const { totals } = (await this.#request('stats', { target: null })) as { totals: PoolStats };
    return statsOf(totals);
  }

  protected async reserve(host: CheckedHost, signal: AbortSignal): Promise<typeof REACHED> {
    const argv = wordsOf(host);
    const place = ownPlace(process.env);
    const params = { argv, cwd: currentDirectory(), env: envLines(process.env), place };
    const { warmed } = (await this.#request('warm', params, signal)) as Warmed;
    const failure = warmed.find(({ error }) => error !== null);
    if (failure?.error) throw SshpoolError.received(failure.code ?? 'INTERNAL', failure.error);
    return REACHED;
  }

  protected giveBack(): void {
    // The agent keeps the connection for the next caller.
  }

  protected async start({ host, command, process: started, signal }: Job<never>): Promise<string> {
    const { name } = host.config;
    const words = [...['-q', '-T', ...wordsOf(host)].map((word) => Buffer.from(word)), command];
    const exec = { command: 'exec', words, name } as const;
    await startOverAgent(started, exec, this.#setting, signal);
    return identityOf(host);
  }

  protected identify(host: CheckedHost): Promise<string> {
    return Promise.resolve(identityOf(host));
  }

  protected async closeHost(_host: CheckedHost, identity: string): Promise<void> {
    // Commands of other callers run to their end.
    await this.#request('close', { target: identity, force: false });
  }

  protected closeAllHosts(): Promise<void> {
    return Promise.resolve();
  }

  #request(method: string, params: unknown, signal?: AbortSignal): Promise<unknown> {
    const { paths, version } = this.#setting;
    return this.hold.during(() =>
      withAgent(paths, version, async () => {
        const socket = await connectOrStart(paths);
        const leave = (): void => void socket.destroy();
        signal?.addEventListener('abort', leave, { once: true });
        if (signal?.aborted) leave();
        try {
          const setting = { paths, version, print: () => undefined, isProgram: true };
          return await request(socket, setting, method, params);
        } finally {
          signal?.removeEventListener('abort', leave);
        }
      }),
    );
  }
}

interface Warmed {
  readonly warmed: readonly { readonly error: string | null; readonly code?: string | null }[];
}

/** After `--` no word is taken as an option, those of the command included. */
function wordsOf({ sshArgs, target }: CheckedHost): string[] {
  return [...sshArgs, '--', target.text];
}

function identityOf({ config, target }: CheckedHost): string {
  const { sshUser, port } = config;
  const host = target.host.includes(':') ? `[${target.host}]` : target.host;
  const user = sshUser === undefined ? '' : `${encodeURIComponent(sshUser)}@`;
  return `ssh://${user}${host}${port === undefined ? '' : `:${port}`}`;
}

/**
 * A pool over the user's agent, which is started if none runs. All programs share its connections.
 * @throws SshpoolError BAD_INPUT, BAD_SETTING, PATH_TOO_LONG, UNSAFE_PATH, LOCK_HELD, and AGENT_START,
 * AGENT_SILENT, AGENT_LOST or AGENT_VERSION
 */
export async function connectAgent(config: AgentPoolConfig = {}): Promise<AgentPool> {
  const checked = checkAgentPoolConfig(config);
  const paths = runtimePaths(process.env, process.getuid?.() ?? 0);
  const pool = new AgentPool({ paths, version: programVersion() }, checked);
  // Fails here, and not at the first command, if the agent cannot be used.
  await pool.getStats();
  return pool;
}
