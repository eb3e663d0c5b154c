/** The list of what setup made, for --undo: a file in the user's state directory. */
import { readFile, rm } from 'node:fs/promises';
import { z } from 'zod';
import { SshpoolError } from '../../base/errors.ts';
import { writeState } from '../../base/state-file.ts';
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
export function writeRecord(path: string, made: readonly Made[]): Promise<void> {
  return made.length === 0 ? rm(path, { force: true }) : writeState(path, { made });
}
