/** The schema of single-servers.ts's file; a module of its own, so that most agents start without zod. */
import { z } from 'zod';

/** Keyed by the digest of the connection key: since when, in milliseconds since the epoch. */
const SCHEMA = z.object({ single: z.record(z.string().regex(/^[0-9a-f]{64}$/), z.number()) });

/** Empty if the file has another format. */
export function readSingle(value: unknown): Readonly<Record<string, number>> {
  return SCHEMA.safeParse(value).data?.single ?? {};
}
