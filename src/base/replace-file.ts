/** Puts a file in its place in one step, so that nothing finds half of it. */
import { randomBytes } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';

/** `make` makes it under a name that does not exist. Rejects with its error, or the system's. */
export async function replaceFile(
  path: string,
  make: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await make(temporary);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}
