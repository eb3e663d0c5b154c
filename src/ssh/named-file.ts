/** Files in words for the user: ssh leaves a relative path as it was given. Pure. */
import { normalize } from 'node:path';

/** Whether `name` is a relative path of that file, which is absolute. */
export function isNameOf(name: string, file: string): boolean {
  return !name.startsWith('/') && file.endsWith(normalize(`/${name}`));
}
