/** OpenSSH's private key format (PROTOCOL.key), for keys that ssh-keygen cannot make. */
import { Writer } from '../../src/base/bytes.ts';

/** Unencrypted; `secret` is the part that would be encrypted. */
export function keyContainer(publicBlob: Buffer, secret: Buffer = Buffer.alloc(0)): string {
  const bytes = new Writer()
    .raw(Buffer.from('openssh-key-v1\0'))
    .string('none')
    .string('none')
    .string('')
    .u32(1)
    .string(publicBlob)
    .string(secret);
  return armour(bytes.finish());
}

export function armour(bytes: Buffer): string {
  const label = 'OPENSSH PRIVATE KEY';
  return `-----BEGIN ${label}-----\n${bytes.toString('base64')}\n-----END ${label}-----\n`;
}
