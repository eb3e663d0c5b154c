/** Whether there is a Kerberos ticket (RFC 4462): then OpenSSH logs in, and not only after ssh2 failed. */
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { findProgram } from '../../base/programs.ts';
import type { Env } from '../../config/ssh-config/tokens.ts';

const LIMIT_MS = 2000;

/** True also if that cannot be determined. */
export async function mayHaveTicket(
  place: { readonly env: Env; readonly cwd: string },
  uid: number,
): Promise<boolean> {
  // The system's klist, and not one of the caller's PATH, whose directories may be anywhere.
  const klist = findProgram('klist', { env: {}, cwd: '/' });
  if (klist !== undefined) return hasTicket(klist, place);
  // krb5.conf may name another cache, but hardly where the Kerberos tools are missing.
  const file = ticketFile(place.env['KRB5CCNAME'], uid);
  if (file === undefined) return true;
  return access(file).then(
    () => true,
    () => false, // absent or unreadable
  );
}

/** The file of a credential cache; undefined if the cache is not a file. */
function ticketFile(name: string | undefined, uid: number): string | undefined {
  if (name === undefined || name === '') return `/tmp/krb5cc_${uid}`;
  const [, type = 'FILE', rest = ''] = /^(?:([A-Z]+):)?(.*)$/s.exec(name) ?? [];
  return type === 'FILE' ? rest : undefined;
}

/** klist(1), -s: prints nothing; the exit status is 1 for no ticket and for an expired one. */
function hasTicket(
  klist: string,
  { env, cwd }: { readonly env: Env; readonly cwd: string },
): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(klist, ['-s'], { env: { ...env }, cwd, timeout: LIMIT_MS }, (error) =>
      resolve(error === null || typeof error.code !== 'number'),
    );
  });
}
