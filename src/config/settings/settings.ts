/** The settings of sshpool, from SSH_POOL_* variables; where the agent's files are is not one (paths.ts). */
import { SshpoolError } from '../../base/errors.ts';
import type { LogLevel } from '../../base/log.ts';
import { LONGEST_MS } from '../../base/time.ts';

export interface Settings {
  readonly maxConnections: number;
  readonly idleTimeoutMs: number;
  readonly connectionTimeoutMs: number;
  readonly healthChecks: boolean;
  readonly healthCheckIntervalMs: number;
  readonly queueTimeoutMs: number;
  /** 0: the agent never stops because it is idle. */
  readonly agentIdleTimeoutMs: number;
  readonly link: LinkSetting;
  readonly followAddresses: boolean;
  readonly log: LogLevel;
}

/** `auto` leaves the choice to src/ssh/choose-link.ts. */
export const LINK_SETTINGS = ['auto', 'ssh2', 'openssh'] as const;
export type LinkSetting = (typeof LINK_SETTINGS)[number];

/** `expected` completes "it must be ...". */
export interface Variable {
  readonly name: `SSH_POOL_${string}`;
  readonly field: keyof Settings;
  readonly default: number | boolean | LinkSetting | LogLevel;
  readonly expected: string;
  readonly meaning: string;
}

const MILLISECONDS = `a number of milliseconds from 1 to ${LONGEST_MS}`;

/** The only source of each default and meaning, in the order in which help shows them. */
export const VARIABLES = [
  {
    name: 'SSH_POOL_MAX_CONNECTIONS',
    field: 'maxConnections',
    default: 5,
    expected: 'a whole number from 1 to 1000',
    meaning: 'the most connections open to one target at a time',
  },
  {
    name: 'SSH_POOL_IDLE_TIMEOUT_MS',
    field: 'idleTimeoutMs',
    default: 60_000,
    expected: MILLISECONDS,
    meaning: 'how long a connection stays open without a session',
  },
  {
    name: 'SSH_POOL_CONNECTION_TIMEOUT_MS',
    field: 'connectionTimeoutMs',
    default: 5_000,
    expected: MILLISECONDS,
    meaning: 'how long a host may take to answer a new connection (ConnectTimeout goes first)',
  },
  {
    name: 'SSH_POOL_HEALTH_CHECKS',
    field: 'healthChecks',
    default: true,
    expected: 'true or false',
    meaning: 'whether idle connections are asked now and then if they still work',
  },
  {
    name: 'SSH_POOL_HEALTH_CHECK_INTERVAL_MS',
    field: 'healthCheckIntervalMs',
    default: 30_000,
    expected: MILLISECONDS,
    meaning: 'the time between two health checks of an idle connection',
  },
  {
    name: 'SSH_POOL_QUEUE_TIMEOUT_MS',
    field: 'queueTimeoutMs',
    default: 30_000,
    expected: MILLISECONDS,
    meaning: 'how long a command waits for a free place when all connections are full',
  },
  {
    name: 'SSH_POOL_AGENT_IDLE_TIMEOUT_MS',
    field: 'agentIdleTimeoutMs',
    default: 600_000,
    expected: `a number of milliseconds from 0 (never) to ${LONGEST_MS}`,
    meaning: 'how long the agent stays with no connection and no caller',
  },
  {
    name: 'SSH_POOL_LINK',
    field: 'link',
    default: 'auto',
    expected: 'auto, ssh2 or openssh',
    meaning: 'what makes connections: the ssh2 library, OpenSSH, or ssh2 wherever it can do all',
  },
  {
    name: 'SSH_POOL_FOLLOW_ADDRESSES',
    field: 'followAddresses',
    default: false,
    expected: 'true or false',
    meaning: 'whether each call looks its host up, and a changed address means a new connection',
  },
  {
    name: 'SSH_POOL_LOG',
    field: 'log',
    default: 'info',
    expected: 'info or debug',
    meaning: 'what the log of the agent tells: connections, or with debug each step of each call',
  },
] as const satisfies readonly Variable[];

export const FALLBACK = {
  name: 'SSH_POOL_FALLBACK',
  default: 'on',
  expected: 'on or off',
  meaning: 'whether exec and shell go through plain ssh where the agent fails (read by each call)',
} as const;

/** @throws SshpoolError BAD_SETTING */
export function allowsFallback(env: Readonly<Record<string, string | undefined>>): boolean {
  const { name: variable, expected, default: usual } = FALLBACK;
  const value = env[variable] || usual;
  if (value === 'on') return true;
  if (value === 'off') return false;
  throw SshpoolError.of('BAD_SETTING', { variable, value, expected });
}

const DEFAULTS = Object.freeze(
  Object.fromEntries(VARIABLES.map(({ field, default: value }) => [field, value])),
) as unknown as Settings; // The table has a row for each field.

/** An empty variable counts as unset. @throws SshpoolError BAD_SETTING naming the first bad variable */
export async function readSettings(
  env: Readonly<Record<string, string | undefined>>,
): Promise<Settings> {
  if (!VARIABLES.some(({ name }) => env[name])) return DEFAULTS;
  // Loaded only here: it takes as long as the rest of the agent, and most users set nothing.
  const { parseSettings } = await import('./settings-schema.ts');
  return parseSettings(env);
}
