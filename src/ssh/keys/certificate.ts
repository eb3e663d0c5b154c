/**
 * OpenSSH certificates (PROTOCOL.certkeys), as far as a login needs them: the certified key, and whether it
 * is a user certificate. The server checks the rest.
 */
import { Reader, Writer } from '../../base/bytes.ts';
import { attempt, publicKeyType } from './public-key.ts';

/** Without a version since OpenSSH 10.6, for new types. */
const SUFFIX = /-cert(-v01@openssh\.com)?$/;
/** SSH2_CERT_TYPE_USER of ssh2.h. */
const USER = 1;

/** How many strings make up the plain key, its type not counted. */
const FIELDS: Readonly<Record<string, number | undefined>> = {
  'ssh-ed25519': 1,
  // Only OpenSSH and its key agent sign with it, since 10.6.
  'ssh-mldsa44-ed25519': 1,
  'ssh-rsa': 2,
  // Only OpenSSH signs with it, up to 9.9, if the server accepts the key.
  'ssh-dss': 4,
  'ecdsa-sha2-nistp256': 2,
  'ecdsa-sha2-nistp384': 2,
  'ecdsa-sha2-nistp521': 2,
  'sk-ssh-ed25519@openssh.com': 2,
  'sk-ecdsa-sha2-nistp256@openssh.com': 3,
};

/** The type of the key in a certificate's type or algorithm; any other name is returned unchanged. */
export function plainName(name: string): string {
  const plain = name.replace(SUFFIX, '');
  return plain !== name && plain.startsWith('sk-') ? `${plain}@openssh.com` : plain;
}

export function isCertificate(blob: Buffer): boolean {
  return SUFFIX.test(publicKeyType(blob) ?? '');
}

/** The certified key of a user's certificate; undefined for a host's, and where it is malformed. */
export function certifiedKey(blob: Buffer): Buffer | undefined {
  if (!isCertificate(blob)) return undefined;
  return attempt(() => {
    const from = new Reader(blob);
    const type = plainName(from.text());
    from.string(); // nonce
    const to = new Writer().string(type);
    const count = Object.hasOwn(FIELDS, type) ? FIELDS[type] : undefined;
    if (count === undefined) return undefined;
    for (let i = 0; i < count; i++) to.string(from.string());
    from.u32(); // serial number, 64 bits
    from.u32();
    return from.u32() === USER ? to.finish() : undefined;
  });
}
