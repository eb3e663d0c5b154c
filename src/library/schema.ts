/** Checks what programs give the pool. All checks @throws SshpoolError BAD_INPUT naming the field. */
import { z } from 'zod';
import { SshpoolError } from '../base/errors.ts';
import { LINK_SETTINGS } from '../config/settings/settings.ts';
import { LONGEST_MS } from '../base/time.ts';
import type {
  AgentPoolConfig,
  ConnectionPool,
  ExecOptions,
  HostConfig,
  RunOptions,
  SSHPoolConfig,
} from './types.ts';

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/u;
const text = (what: string) =>
  z
    .string(`must be ${what}`)
    .min(1, `must be ${what}`)
    .refine((value) => !CONTROL.test(value), 'must hold no control character');
const whole = (min: number, max: number, what: string) =>
  z.int(`must be ${what}`).min(min, `must be ${what}`).max(max, `must be ${what}`);
const milliseconds = whole(1, LONGEST_MS, `a number of milliseconds from 1 to ${LONGEST_MS}`);
const yesOrNo = z.boolean('must be true or false');

const HOST = z.object(
  {
    name: text('the name of the host'),
    host: text('an alias of ssh_config, a name or an address'),
    port: whole(1, 65_535, 'a number from 1 to 65535').optional(),
    protocol: z.literal('ssh', 'must be "ssh"'),
    sshUser: text('a user name').optional(),
    sshKeyPath: text('the path of a private key file').optional(),
    sshOptions: z
      .record(
        z.string().regex(/^[A-Za-z]+$/, 'is not the name of an option'),
        text('the value of an option'),
        'must be an object of options',
      )
      .optional(),
  },
  'must be an object',
);

const AGENT_CONFIG = { configFile: text('the path of a configuration file').optional() };
const CONFIG = z.object(
  {
    maxConnections: whole(1, 1000, 'a number from 1 to 1000'),
    idleTimeoutMs: milliseconds,
    connectionTimeoutMs: milliseconds,
    enableHealthChecks: yesOrNo,
    healthCheckIntervalMs: milliseconds,
    queueTimeoutMs: milliseconds.optional(),
    link: z.enum(LINK_SETTINGS, `must be one of ${LINK_SETTINGS.join(', ')}`).optional(),
    ...AGENT_CONFIG,
  },
  'must be an object',
);

const EXEC = {
  signal: z.instanceof(AbortSignal, { error: 'must be an AbortSignal' }).optional(),
  timeoutMs: milliseconds.optional(),
  input: z
    .union([z.string(), z.instanceof(Uint8Array)], { error: 'must be text or bytes' })
    .optional(),
};
const EXEC_OPTIONS = z.object(
  { ...EXEC, stdin: z.enum(['pipe', 'ignore'], 'must be "pipe" or "ignore"').optional() },
  'must be an object',
);
const MAX_BYTES = 2 ** 30;
const RUN_OPTIONS = z.object(
  { ...EXEC, maxBytes: whole(1, MAX_BYTES, `a number of bytes from 1 to ${MAX_BYTES}`).optional() },
  'must be an object',
);
const POOL = z.custom<ConnectionPool>(
  (given) => typeof (given as { run?: unknown } | null | undefined)?.run === 'function',
  'must be a pool',
);
const WITH_POOL = z.looseObject({ pool: POOL.optional() }, 'must be an object');

export const checkHostConfig = (given: HostConfig): HostConfig => check(HOST, 'host', given);
export const checkPoolConfig = (given: SSHPoolConfig): SSHPoolConfig =>
  check(CONFIG, 'config', given);
export const checkAgentPoolConfig = (given: AgentPoolConfig): AgentPoolConfig =>
  check(z.object(AGENT_CONFIG, 'must be an object'), 'config', given);
export const checkExecOptions = (given: ExecOptions): ExecOptions =>
  check(EXEC_OPTIONS, 'options', given);
export const checkRunOptions = (given: RunOptions): RunOptions =>
  check(RUN_OPTIONS, 'options', given);

/** Other fields are not checked. */
export const checkPoolOption = (given: { readonly pool?: ConnectionPool | undefined }): void =>
  void check(WITH_POOL, 'options', given);

/** `what` names the whole value, if no single field is wrong. */
function check<T>(schema: z.ZodType<T>, what: string, given: unknown): T {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') || what;
  const problem = issue?.message ?? 'is not valid';
  throw SshpoolError.of('BAD_INPUT', { field, problem }, parsed.error);
}
