/** File names in messages: ssh shows a relative path as the user gave it. Pure. */
import type { SshOptions } from '../../config/ssh-config/options.ts';

export function givenName(file: string, { relativeNames }: SshOptions): string {
  return relativeNames.get(file) ?? file;
}
