/** Which algorithm a key signs with (sshconnect2.c). Only RSA has a choice, the hash (RFC 8332). */
import { Reader } from '../../base/bytes.ts';
import type { SshOptions } from '../../config/ssh-config/options.ts';
import { certifiedKey } from './certificate.ts';
import { algorithmsOf, plainName } from './key-types.ts';
import { attempt, publicKeyType } from './public-key.ts';

type Rules = Pick<SshOptions, 'pubkeyAcceptedAlgorithms' | 'requiredRsaBits'>;

/** In the order of PubkeyAcceptedAlgorithms. */
function acceptedOf(type: string, { pubkeyAcceptedAlgorithms: accepted }: Rules): string[] {
  const names = algorithmsOf(type);
  return accepted.length === 0 ? [...names] : accepted.filter((name) => names.includes(name));
}

/** For users; undefined if the options allow the key or certificate. */
export function refusalOf(blob: Buffer, rules: Rules): string | undefined {
  const type = publicKeyType(blob);
  if (type === undefined || acceptedOf(type, rules).length === 0) {
    return 'PubkeyAcceptedAlgorithms leaves it out';
  }
  return isTooShort(blob, rules) ? 'it is shorter than RequiredRSASize' : undefined;
}

/** `server`: its server-sig-algs; if it sent none, it knows RSA only with SHA-1 (key_sig_algorithm). */
export function signatureAlgorithm(
  type: string,
  rules: Rules,
  server: readonly string[] | undefined,
): string | undefined {
  const accepted = acceptedOf(type, rules);
  // Servers do not list the types of other certificates reliably.
  if (server === undefined || plainName(type) !== 'ssh-rsa') {
    return accepted.find((name) => name === type);
  }
  return accepted.find((name) => server.includes(plainName(name)));
}

function isTooShort(blob: Buffer, { requiredRsaBits }: Rules): boolean {
  const bits = attempt(() => {
    const from = new Reader(certifiedKey(blob) ?? blob);
    if (from.text() !== 'ssh-rsa') return undefined;
    from.string(); // the exponent
    return bitsOf(from.string());
  });
  return bits !== undefined && bits < requiredRsaBits;
}

function bitsOf(number: Buffer): number {
  const start = number.findIndex((byte) => byte !== 0);
  const first = number[start];
  return first === undefined ? 0 : (number.length - start) * 8 - (Math.clz32(first) - 24);
}
