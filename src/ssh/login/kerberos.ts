/**
 * Whether there is a Kerberos ticket: what gssapi-with-mic (RFC 4462) is of use with. Asked before a login,
 * so that none fails only to be made once more over OpenSSH.
 */
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { findProgram } from '../../base/programs.ts';
import type { Env } from '../../config/tokens.ts';

const LIMIT_MS = 2000;

/** True also where that cannot be found out. */
export async function mayHaveTicket(
  place: { readonly env: Env; readonly cwd: string },
  uid: number,
): Promise<boolean> {
  // Of the system, and not of a PATH whose directories may be anywhere.
  const klist = findProgram('klist', { env: {}, cwd: '/' });
  if (klist !== undefined) return hasTicket(klist, place);
  // krb5.conf may name another place, but without its tools it hardly does.
  const file = ticketFile(place.env['KRB5CCNAME'], uid);
  if (file === undefined) return true;
  return access(file).then(
    () => true,
    () => false, // absent, or not ours to read
  );
}

/** The file of a credential cache; undefined where it is none. */
function ticketFile(name: string | undefined, uid: number): string | undefined {
  if (name === undefined || name === '') return `/tmp/krb5cc_${uid}`;
  const [, type = 'FILE', rest = ''] = /^(?:([A-Z]+):)?(.*)$/s.exec(name) ?? [];
  return type === 'FILE' ? rest : undefined;
}

/** klist(1), -s: only the status, which is 1 for none and for one that has expired. */
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
