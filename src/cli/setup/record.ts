/** The list of what setup made, for --undo: a file in the user's state directory. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { SshpoolError } from '../../base/errors.ts';
import type { Made } from './made.ts';

const RECORD = z.object({
  made: z.array(
    z.object({ path: z.string(), kind: z.enum(['file', 'link', 'directory']), is: z.string() }),
  ),
});

/** Empty if there is none. @throws SshpoolError SETUP_FAILED if it is not what setup writes */
export async function readRecord(path: string): Promise<Made[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw thrown;
  }
  try {
    return RECORD.parse(JSON.parse(text)).made;
  } catch (thrown) {
    const reason =
      'this list of what it made is damaged; remove what it names by hand, and then the list';
    throw SshpoolError.of('SETUP_FAILED', { path, reason }, thrown);
  }
}

/** Removes the file of an empty list. */
export async function writeRecord(path: string, made: readonly Made[]): Promise<void> {
  if (made.length === 0) return rm(path, { force: true });
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    const text = `${JSON.stringify({ made }, undefined, 2)}\n`;
    await writeFile(temporary, text, { mode: 0o600, flag: 'wx' });
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}
