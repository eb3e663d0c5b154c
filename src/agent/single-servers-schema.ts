/** What the file of `agent/single-servers` may hold. Apart from it: most agents never load zod. */
import { z } from 'zod';

/** By the digest of the key of their connections: since when, in milliseconds since the epoch. */
const SCHEMA = z.object({ single: z.record(z.string().regex(/^[0-9a-f]{64}$/), z.number()) });

/** None where it is something else. */
export function readSingle(value: unknown): Readonly<Record<string, number>> {
  return SCHEMA.safeParse(value).data?.single ?? {};
}
