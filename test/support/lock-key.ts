/** The passphrase prompt of a key. */
import { execFileSync } from 'node:child_process';
import type { Sshd } from './sshd.ts';

/** Encrypts the key with which the test logs in at the server; returns its passphrase prompt. */
export function lock({ identities: [identity = ''] }: Sshd, passphrase: string): string {
  execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', passphrase, '-f', identity]);
  return `Enter passphrase for key '${identity}': `;
}
