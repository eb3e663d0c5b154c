/** Files in words for the user: ssh leaves a relative path as it was given. Pure. */
import type { SshOptions } from '../../config/ssh-options.ts';

export function givenName(file: string, { relativeNames }: SshOptions): string {
  return relativeNames.get(file) ?? file;
}
