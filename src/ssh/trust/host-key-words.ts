/** ssh's messages for a host key that it refuses (sshconnect.c, check_host_key; hostfile.c). Pure. */
import type { ErrorData } from '../../base/error-table.ts';
import { isAtLeast } from '../link/ssh-version.ts';

const FAILED = 'Host key verification failed.';
const RULE = '@'.repeat(59);

export function unknownKeyWords({
  host,
  keyType,
  isStrict,
}: ErrorData<'HOST_KEY_UNKNOWN'>): string[] {
  const known = `No ${keyType} host key is known for ${host} and you have requested strict checking.`;
  return isStrict ? [known, FAILED] : [FAILED];
}

export function revokedKeyWords({ host, keyType }: ErrorData<'HOST_KEY_REVOKED'>): string[] {
  return [
    RULE,
    '@       WARNING: REVOKED HOST KEY DETECTED!               @',
    RULE,
    `The ${keyType} host key for ${host} is marked as revoked.`,
    'This could mean that a stolen key is being used to',
    'impersonate this host.',
    `${keyType} host key for ${host} was revoked and you have requested strict checking.`,
    FAILED,
  ];
}

/** `version` is what `ssh -V` prints: Debian's says how to remove the line. */
export function changedKeyWords(
  { host, keyType, fingerprint, line, other }: ErrorData<'HOST_KEY_CHANGED'>,
  version: string,
): string[] {
  return [
    RULE,
    '@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @',
    RULE,
    'IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!',
    'Someone could be eavesdropping on you right now (man-in-the-middle attack)!',
    'It is also possible that a host key has just been changed.',
    `The fingerprint for the ${keyType} key sent by the remote host is\n${fingerprint}.`,
    'Please contact your system administrator.',
    `Add correct host key in ${other.ownFile} to get rid of this message.`,
    `Offending ${other.keyType} key in ${other.file}:${line}`,
    ...removal(other.file, host, version),
    `Host key for ${host} has changed and you have requested strict checking.`,
    FAILED,
  ];
}

function removal(file: string, host: string, version: string): string[] {
  if (!/^OpenSSH_\S+ (?:Debian|Ubuntu)/.test(version)) return [];
  const quote = isAtLeast(version, 10, 0) ? "'" : '"';
  const quoted = (text: string): string => quote + text + quote;
  return ['  remove with:', `  ssh-keygen -f ${quoted(file)} -R ${quoted(host)}`];
}
