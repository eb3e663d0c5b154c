/** The valid texts of settings, and their values. */
import { z } from 'zod';
import { SshpoolError } from '../../base/errors.ts';
import { LOG_LEVELS } from '../../base/log.ts';
import { LONGEST_MS } from '../../base/time.ts';
import { LINK_SETTINGS, VARIABLES, type Settings } from './settings.ts';

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
  followAddresses: yesOrNo,
  link: z.string().trim().toLowerCase().pipe(z.enum(LINK_SETTINGS)),
  log: z.string().trim().toLowerCase().pipe(z.enum(LOG_LEVELS)),
} satisfies Record<keyof Settings, z.ZodType>;

const SCHEMA = z.object(FIELDS);

/** @throws SshpoolError BAD_SETTING naming the first bad variable */
export function parseSettings(env: Readonly<Record<string, string | undefined>>): Settings {
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
