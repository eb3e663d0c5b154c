/** OpenSSH certificates (PROTOCOL.certkeys), as far as a login needs them; the server checks the rest. */
import { Reader, Writer } from '../../base/bytes.ts';
import { isCertificateName, keyTypeNamed, plainName } from './key-types.ts';
import { attempt, publicKeyType } from './public-key.ts';

/** SSH2_CERT_TYPE_USER of ssh2.h. */
const USER = 1;

export function isCertificate(blob: Buffer): boolean {
  return isCertificateName(publicKeyType(blob) ?? '');
}

/** Undefined for a host's certificate, and where it is malformed. */
export function certifiedKey(blob: Buffer): Buffer | undefined {
  if (!isCertificate(blob)) return undefined;
  return attempt(() => {
    const from = new Reader(blob);
    const type = plainName(from.text());
    from.string(); // nonce
    const to = new Writer().string(type);
    const known = keyTypeNamed(type);
    if (known === undefined) return undefined;
    for (let left = known.fields.length; left > 0; left--) to.string(from.string());
    from.u32(); // serial number, 64 bits
    from.u32();
    return from.u32() === USER ? to.finish() : undefined;
  });
}
