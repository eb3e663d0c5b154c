/** The key derivation of ssh2, changed to hash without tweetnacl's copy of the passphrase, never zeroed. */
import * as crypto from 'node:crypto';
import { createRequire } from 'node:module';

type Sha512 = (out: Uint8Array, message: Uint8Array, bytes: number) => number;

/** Loads bcrypt-pbkdf before the ssh2 that the module `from` requires does. */
export function loadBcrypt(from: string): void {
  const ofSsh2 = createRequire(createRequire(from).resolve('ssh2'));
  const ofBcrypt = createRequire(ofSsh2.resolve('bcrypt-pbkdf'));
  const { lowlevel } = ofBcrypt('tweetnacl') as { readonly lowlevel: { crypto_hash: Sha512 } };
  const original = lowlevel.crypto_hash;
  lowlevel.crypto_hash = sha512;
  try {
    ofSsh2('bcrypt-pbkdf');
  } finally {
    // Other modules in this process may use it too.
    lowlevel.crypto_hash = original;
  }
}

/** OpenSSL zeroes the hashed data at once, or before Node 20.12 when the hash is garbage-collected. */
const sha512: Sha512 = (out, message, bytes) => {
  const data = message.subarray(0, bytes);
  const isOneShot = 'hash' in crypto;
  out.set(
    isOneShot
      ? crypto.hash('sha512', data, 'buffer')
      : crypto.createHash('sha512').update(data).digest(),
  );
  return 0;
};
