/** OpenSSH's container of private keys (PROTOCOL.key): what its clear part says, and making one. */
import type { JsonWebKey } from 'node:crypto';
import { Reader, Writer } from '../../base/bytes.ts';
import { attempt, publicKeyType } from './public-key.ts';

/** `rounds` are those of the key derivation, 0 where there is none. */
export interface KeyContainer {
  readonly cipher: string;
  readonly rounds: number;
  readonly type: string;
  readonly publicBlob: Buffer;
}

const MAGIC = 'openssh-key-v1\0';

/** Undefined where the PEM block is damaged or holds several keys. */
export function readKeyContainer(text: string): KeyContainer | undefined {
  const bytes = Buffer.from(text.split('-----')[2] ?? '', 'base64');
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) return undefined;
  return attempt(() => {
    const from = new Reader(bytes.subarray(MAGIC.length));
    const [cipher, derivation, options] = [from.text(), from.text(), new Reader(from.string())];
    let rounds = 0;
    if (derivation === 'bcrypt') {
      options.string(); // the salt
      rounds = options.u32();
    }
    if (from.u32() !== 1) return undefined;
    const publicBlob = from.string();
    const type = publicKeyType(publicBlob);
    return type === undefined ? undefined : { cipher, rounds, type, publicBlob };
  });
}

/** Around one unencrypted key (RFC 8037 for the JWK). */
export function ed25519Container({ x = '', d = '' }: JsonWebKey): string {
  const type = 'ssh-ed25519';
  const [point, seed] = [Buffer.from(x, 'base64url'), Buffer.from(d, 'base64url')];
  const secret = new Writer()
    .u32(0) // twice the same number: the check of a decryption
    .u32(0)
    .string(type)
    .string(point)
    .string(Buffer.concat([seed, point]))
    .string('') // comment
    .finish();
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7]).subarray(0, -secret.length & 7);
  const container = new Writer()
    .raw(Buffer.from(MAGIC))
    .string('none')
    .string('none')
    .string('')
    .u32(1)
    .string(new Writer().string(type).string(point).finish())
    .string(Buffer.concat([secret, padding]))
    .finish();
  return [
    '-----BEGIN OPENSSH PRIVATE KEY-----',
    container.toString('base64'),
    '-----END OPENSSH PRIVATE KEY-----',
  ].join('\n');
}
