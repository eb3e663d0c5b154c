/** The parameters of the agent's methods, checked, since they come from a socket. */
import { z } from 'zod';
import { describe, SshpoolError } from '../base/errors.ts';
import { LOG_LEVELS } from '../base/log.ts';

const PARAMS = {
  status: z.object({}),
  stats: z.object({ target: z.string().nullable() }),
  close: z.object({ target: z.string().nullable(), force: z.boolean() }),
  warm: z.object({
    argv: z.array(z.string()),
    cwd: z.string(),
    env: z.array(z.string()),
    place: z.object({ surroundings: z.array(z.string()), diversions: z.array(z.string()) }),
  }),
  stop: z.object({ force: z.boolean() }),
  'log-level': z.object({ level: z.enum(LOG_LEVELS).nullable() }),
};

export type MethodName = keyof typeof PARAMS;
export type MethodParams<M extends MethodName> = z.output<(typeof PARAMS)[M]>;

/** @throws SshpoolError PROTOCOL where they do not match the method's schema */
export function readParams<M extends MethodName>(method: M, text: string): MethodParams<M> {
  // The index loses the type link between the method and its schema; both come from one table.
  const schema = PARAMS[method] as unknown as z.ZodType<MethodParams<M>>;
  try {
    return schema.parse(JSON.parse(text));
  } catch (thrown) {
    const problem = `parameters of ${method}: ${describe(thrown)}`;
    throw SshpoolError.of('PROTOCOL', { problem }, thrown);
  }
}
