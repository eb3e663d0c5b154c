/** The question for a passphrase. */
import { execFileSync } from 'node:child_process';
import type { Sshd } from './sshd.ts';

/** Encrypts the key that logs in at a server; gives the question for it. */
export function lock({ identities: [identity = ''] }: Sshd, passphrase: string): string {
  execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', passphrase, '-f', identity]);
  return `Enter passphrase for key '${identity}': `;
}
