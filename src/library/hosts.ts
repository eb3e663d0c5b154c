/** Docker compose and the resources of hosts, for programs: over the global pool, or another one. */
import {
  runComposeAction as execOver,
  readComposeStatus as statusOver,
  readComposeProjects as listOver,
  type ComposeAction,
  type ComposeProject,
  type ComposeStatus,
} from '../hosts/compose.ts';
import type { RunRemote } from '../hosts/remote.ts';
import { readHostResources as resourcesOver, type HostResources } from '../hosts/resources.ts';
import { getGlobalPool } from './global.ts';
import { checkPoolOption } from './schema.ts';
import type { ConnectionPool, HostConfig, RunOptions } from './types.ts';

export interface HostOptions extends Pick<RunOptions, 'signal' | 'timeoutMs' | 'maxBytes'> {
  /** The global pool unless given. */
  readonly pool?: ConnectionPool | undefined;
}

/**
 * Runs a command of `docker compose` for a project; resolves to what it printed. `up` is always in the
 * background.
 * @throws SshpoolError BAD_INPUT before anything is sent; COMMAND_FAILED, BAD_OUTPUT, and as
 * ConnectionPool.run
 */
export function composeExec(
  host: HostConfig,
  project: string,
  action: ComposeAction,
  ...[extraArgs = [], options = {}]: [extraArgs?: readonly string[], options?: HostOptions]
): Promise<string> {
  return execOver(on(host, options), project, action, extraArgs);
}

/** The projects of a host, stopped ones too. @throws SshpoolError as composeExec */
export function listComposeProjects(
  host: HostConfig,
  options: HostOptions = {},
): Promise<readonly ComposeProject[]> {
  return listOver(on(host, options));
}

/**
 * The services of a project, stopped ones too; none, and `unknown`, for one that is not there.
 * @throws SshpoolError as composeExec
 */
export function getComposeStatus(
  host: HostConfig,
  project: string,
  options: HostOptions = {},
): Promise<ComposeStatus> {
  return statusOver(on(host, options), project);
}

/** What a host tells of itself, in one round trip. @throws SshpoolError as composeExec */
export function getHostResources(
  host: HostConfig,
  options: HostOptions = {},
): Promise<HostResources> {
  return resourcesOver(on(host, options));
}

function on(host: HostConfig, given: HostOptions): RunRemote {
  return async (command) => {
    checkPoolOption(given);
    const { pool = getGlobalPool(), ...options } = given;
    return pool.run(host, command, options);
  };
}
