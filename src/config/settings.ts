/**
 * The settings of sshpool, read from SSH_POOL_* variables once, at the edge, into one frozen
 * object. The table is the only place where a variable, its default and its meaning stand; where
 * the agent's files are is not a setting but in paths.ts.
 */
import { z } from 'zod';
import { SshpoolError } from '../base/errors.ts';

/** Everything that can be set; times are in milliseconds. */
export interface Settings {
  readonly maxConnections: number;
  readonly idleTimeoutMs: number;
  readonly connectionTimeoutMs: number;
  readonly healthChecks: boolean;
  readonly healthCheckIntervalMs: number;
  readonly queueTimeoutMs: number;
  /** 0: the agent never leaves because of idleness. */
  readonly agentIdleTimeoutMs: number;
}

/** One row of the table of variables; `expected` completes "it must be ...". */
export interface Variable {
  readonly name: `SSH_POOL_${string}`;
  readonly field: keyof Settings;
  readonly default: number | boolean;
  readonly expected: string;
  readonly meaning: string;
}

/** The longest delay a timer of Node takes (2^31-1 ms). */
const LONGEST_MS = 2_147_483_647;
const MILLISECONDS = `a number of milliseconds from 1 to ${LONGEST_MS}`;

/** Every variable that readSettings reads, in the order in which help shows them. */
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
] as const satisfies readonly Variable[];

const whole = (min: number, max: number) =>
  z.string().trim().regex(/^\d+$/).transform(Number).pipe(z.number().min(min).max(max));
const milliseconds = whole(1, LONGEST_MS);
const yesOrNo = z
  .string()
  .trim()
  .toLowerCase()
  .pipe(z.enum(['true', '1', 'yes', 'false', '0', 'no']))
  .transform((word) => word === 'true' || word === '1' || word === 'yes');

const FIELDS = {
  maxConnections: whole(1, 1000),
  idleTimeoutMs: milliseconds,
  connectionTimeoutMs: milliseconds,
  healthChecks: yesOrNo,
  healthCheckIntervalMs: milliseconds,
  queueTimeoutMs: milliseconds,
  agentIdleTimeoutMs: whole(0, LONGEST_MS),
} satisfies Record<keyof Settings, z.ZodType>;

const SCHEMA = z.object(FIELDS);

/**
 * The settings of this environment. An empty variable counts as unset, and an SSH_POOL_* variable
 * that is not in the table is ignored. Throws BAD_SETTING naming the first bad variable.
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const texts = VARIABLES.map(({ name, field, default: value }): [string, string] => {
    return [field, env[name] || String(value)];
  });
  const parsed = SCHEMA.safeParse(Object.fromEntries(texts));
  if (parsed.success) return Object.freeze(parsed.data);
  const bad = VARIABLES.find(({ field }) => field === parsed.error.issues[0]?.path[0]);
  if (bad === undefined) throw SshpoolError.from(parsed.error);
  const { name, expected } = bad;
  throw SshpoolError.of('BAD_SETTING', { variable: name, value: env[name] ?? '', expected });
}
