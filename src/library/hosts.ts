/** Docker compose and the resources of hosts, for programs: over the global pool, or a given one. */
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
  /** Default: the global pool. */
  readonly pool?: ConnectionPool | undefined;
}

/**
 * Resolves to the standard output of a `docker compose` command; `up` always runs in the background.
 * @throws SshpoolError BAD_INPUT before anything is sent; COMMAND_FAILED, BAD_OUTPUT; as ConnectionPool.run
 */
export function composeExec(
  host: HostConfig,
  project: string,
  action: ComposeAction,
  ...[extraArgs = [], options = {}]: [extraArgs?: readonly string[], options?: HostOptions]
): Promise<string> {
  return execOver(on(host, options), project, action, extraArgs);
}

/** The projects of a host, including stopped ones. @throws SshpoolError as composeExec */
export function listComposeProjects(
  host: HostConfig,
  options: HostOptions = {},
): Promise<readonly ComposeProject[]> {
  return listOver(on(host, options));
}

/** Stopped services too; none, and `unknown`, for an unknown project. @throws SshpoolError as composeExec */
export function getComposeStatus(
  host: HostConfig,
  project: string,
  options: HostOptions = {},
): Promise<ComposeStatus> {
  return statusOver(on(host, options), project);
}

/** In one round trip; what the host does not report is null. @throws SshpoolError as composeExec */
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
