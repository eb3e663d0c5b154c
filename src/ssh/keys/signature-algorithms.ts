/**
 * Which algorithm a key signs with, and whether the user's options allow it (sshconnect2.c). Only RSA has a
 * choice: the hash (RFC 8332). Pure.
 */
import { Reader } from '../../base/bytes.ts';
import type { SshOptions } from '../../config/ssh-options.ts';
import { certifiedKey } from './certificate.ts';
import { algorithmsOf, plainName } from './key-types.ts';
import { attempt, publicKeyType } from './public-key.ts';

type Rules = Pick<SshOptions, 'pubkeyAcceptedAlgorithms' | 'requiredRsaBits'>;

/** Those that PubkeyAcceptedAlgorithms has, in its order. */
function acceptedOf(type: string, { pubkeyAcceptedAlgorithms: accepted }: Rules): string[] {
  const names = algorithmsOf(type);
  return accepted.length === 0 ? [...names] : accepted.filter((name) => names.includes(name));
}

/** Why the user's options exclude a key or a certificate, for users; undefined if they allow it. */
export function refusalOf(blob: Buffer, rules: Rules): string | undefined {
  const type = publicKeyType(blob);
  if (type === undefined || acceptedOf(type, rules).length === 0) {
    return 'PubkeyAcceptedAlgorithms leaves it out';
  }
  return isTooShort(blob, rules) ? 'it is shorter than RequiredRSASize' : undefined;
}

/**
 * The algorithm to sign with (key_sig_algorithm); undefined if both sides have none in common. `server` is
 * the server's server-sig-algs, undefined if it sent none: then it is too old for any hash but SHA-1, with
 * which RSA is tried if the user allows it.
 */
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

/** Whether it is an RSA key, or the certificate of one, below RequiredRSASize. */
function isTooShort(blob: Buffer, { requiredRsaBits }: Rules): boolean {
  const bits = attempt(() => {
    const from = new Reader(certifiedKey(blob) ?? blob);
    if (from.text() !== 'ssh-rsa') return undefined;
    from.string(); // the exponent
    return bitsOf(from.string());
  });
  return bits !== undefined && bits < requiredRsaBits;
}

/** The length of a number above zero in bits, without leading zeros. */
function bitsOf(number: Buffer): number {
  const start = number.findIndex((byte) => byte !== 0);
  const first = number[start];
  return first === undefined ? 0 : (number.length - start) * 8 - (Math.clz32(first) - 24);
}
