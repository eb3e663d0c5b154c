/** The key types that ssh knows, and the algorithms that each signs with (sshkey.c, ssh_config(5)). */

/** One field of a public key after the type: so many bytes, this very text, a number, or any string. */
export type Field = number | { readonly text: string } | 'mpint' | 'any';

interface KeyType {
  /** As ssh words it in messages (sshkey_type). */
  readonly label: string;
  readonly fields: readonly Field[];
  /** The hash of each signature algorithm, the strongest first; null where the type implies it. */
  readonly signs?: Readonly<Record<string, string | null>>;
  /** Only OpenSSH, since 10.6, and its key agent can read it. */
  readonly isForeign?: true;
}

/** A point is 0x04 and two coordinates: ssh takes no compressed ones. */
const KEY_TYPES: Readonly<Record<string, KeyType>> = {
  'ssh-ed25519': { label: 'ED25519', fields: [32], signs: { 'ssh-ed25519': null } },
  'ssh-rsa': {
    label: 'RSA',
    fields: ['mpint', 'mpint'],
    signs: { 'rsa-sha2-512': 'sha512', 'rsa-sha2-256': 'sha256', 'ssh-rsa': 'sha1' },
  },
  // Only OpenSSH signs with it, up to 9.9, if the server accepts the key.
  'ssh-dss': { label: 'DSA', fields: ['mpint', 'mpint', 'mpint', 'mpint'] },
  'ecdsa-sha2-nistp256': ecdsa('nistp256', 65, 'sha256'),
  'ecdsa-sha2-nistp384': ecdsa('nistp384', 97, 'sha384'),
  'ecdsa-sha2-nistp521': ecdsa('nistp521', 133, 'sha512'),
  // A key agent signs with these, for the device.
  'sk-ssh-ed25519@openssh.com': { label: 'ED25519-SK', fields: [32, 'any'] },
  'sk-ecdsa-sha2-nistp256@openssh.com': {
    label: 'ECDSA-SK',
    fields: [{ text: 'nistp256' }, 65, 'any'],
  },
  'ssh-mldsa44-ed25519': { label: 'ssh-mldsa44-ed25519', fields: ['any'], isForeign: true },
};

function ecdsa(curve: string, pointBytes: number, hash: string): KeyType {
  const signs = { [`ecdsa-sha2-${curve}`]: hash };
  return { label: 'ECDSA', fields: [{ text: curve }, pointBytes], signs };
}

const TYPE_OF = new Map(
  Object.entries(KEY_TYPES).flatMap(([type, { signs = {} }]) =>
    Object.keys(signs).map((algorithm): [string, string] => [algorithm, type]),
  ),
);

/** Certificates of OpenSSH 10.6 for new types have no version. */
const CERTIFICATE = /-cert(-v01@openssh\.com)?$/;

export function keyTypeNamed(type: string): KeyType | undefined {
  return Object.hasOwn(KEY_TYPES, type) ? KEY_TYPES[type] : undefined;
}

export function isCertificateName(name: string): boolean {
  return CERTIFICATE.test(name);
}

/** Without the certificate's part; any other name is returned unchanged. */
export function plainName(name: string): string {
  const plain = name.replace(CERTIFICATE, '');
  return plain !== name && plain.startsWith('sk-') ? `${plain}@openssh.com` : plain;
}

export function typeOfAlgorithm(algorithm: string): string {
  const plain = plainName(algorithm);
  return TYPE_OF.get(plain) ?? plain;
}

/** The strongest first; those of a certificate are named as such. */
export function algorithmsOf(type: string): readonly string[] {
  const plain = plainName(type);
  const signs = keyTypeNamed(plain)?.signs;
  return signs ? Object.keys(signs).map((name) => name + type.slice(plain.length)) : [type];
}

/** Null where the type implies it; undefined if none of our keys has the algorithm. */
export function hashOf(algorithm: string): string | null | undefined {
  return keyTypeNamed(TYPE_OF.get(algorithm) ?? '')?.signs?.[algorithm];
}
