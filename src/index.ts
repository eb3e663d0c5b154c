/// <reference types="node" preserve="true" />
/** The library: a pool in the program's own process, or the user's agent. */
export type { ErrorCode, ErrorData } from './base/error-table.ts';
export { SshpoolError } from './base/errors.ts';
export type {
  ComposeAction,
  ComposePort,
  ComposeProject,
  ComposeService,
  ComposeState,
  ComposeStatus,
} from './hosts/compose.ts';
export type { Disk, HostResources, Usage } from './hosts/resources.ts';
export type { PoolEvent } from './pool/events.ts';
export type { EvictReason } from './pool/connection/lifetime.ts';
export { connectAgent, type AgentPool } from './library/agent-pool.ts';
export { executeSSHCommand, getGlobalPool, type SSHCommandOptions } from './library/global.ts';
export {
  composeExec,
  getComposeStatus,
  getHostResources,
  listComposeProjects,
  type HostOptions,
} from './library/hosts.ts';
export { generatePoolKey } from './library/host.ts';
export { DEFAULT_POOL_CONFIG, SSHConnectionPool, type PoolEventMap } from './library/pool.ts';
export type {
  AgentPoolConfig,
  ConnectionPool,
  ExecOptions,
  HostConfig,
  PooledConnection,
  PoolStats,
  RemoteExit,
  RemoteProcess,
  RunOptions,
  RunResult,
  SignalName,
  SSHPoolConfig,
} from './library/types.ts';
