/** The output of `docker compose ps` and `ls`, in the formats of all versions. */
import { z } from 'zod';
import { badOutput } from './records.ts';

const PUBLISHER = z.object({
  URL: z.string().default(''),
  TargetPort: z.number(),
  /** 0 if the port is not published. */
  PublishedPort: z.number().default(0),
  Protocol: z.string().default('tcp'),
});

const CONTAINER = z.object({
  Name: z.string(),
  Service: z.string(),
  State: z.string(),
  Health: z.string().nullish(),
  ExitCode: z.number().nullish(),
  /** Since about 2.16. */
  Image: z.string().nullish(),
  /** Null or empty if there are none, depending on the version. */
  Publishers: z.array(PUBLISHER).nullish(),
  /** Since 2.21: NAME=VALUE, joined with commas. */
  Labels: z.string().nullish(),
});

const PROJECT = z.object({
  Name: z.string(),
  Status: z.string(),
  /** Joined with commas; since 2.3. */
  ConfigFiles: z.string().nullish(),
});

export type ComposeContainer = z.output<typeof CONTAINER>;
export type Project = z.output<typeof PROJECT>;

/** @throws SshpoolError BAD_OUTPUT naming the field, as readProject does */
export const readComposeContainer = (record: unknown, command: string): ComposeContainer =>
  read(CONTAINER, record, command);
export const readProject = (record: unknown, command: string): Project =>
  read(PROJECT, record, command);

function read<T>(schema: z.ZodType<T>, record: unknown, command: string): T {
  const parsed = schema.safeParse(record);
  if (parsed.success) return parsed.data;
  const field = parsed.error.issues[0]?.path.join('.');
  const problem = field ? `unexpected ${field}` : 'no object';
  throw badOutput(command, problem, JSON.stringify(record), parsed.error);
}
