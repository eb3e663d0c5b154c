/**
 * What the ssh2 link may offer in the key exchange: the user's own lists, in the user's order, as
 * far as ssh2 knows them. It never offers what the user did not allow.
 */
import type { Algorithms } from 'ssh2';
import { SshpoolError } from '../base/errors.ts';
import type { SshOptions } from '../config/ssh-options.ts';
import { orderHostKeyAlgorithms } from './known-hosts.ts';
import { SUPPORTED, type Supported } from './ssh2-internals.ts';

/**
 * The lists that OpenSSH has where nobody chose one (ssh_config(5), Ciphers): up to 9.9, and since.
 * AES-GCM, which is in all of them, is the fastest that ssh2 has, so it goes first there.
 */
const DEFAULT_CIPHERS: ReadonlySet<string> = new Set([
  'chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,' +
    'aes128-gcm@openssh.com,aes256-gcm@openssh.com',
  'chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,aes256-gcm@openssh.com,' +
    'aes128-ctr,aes192-ctr,aes256-ctr',
]);
const FASTEST_CIPHER = 'aes128-gcm@openssh.com';

/** The user's own order, or where there is none, ours. */
export function orderCiphers(ciphers: readonly string[]): readonly string[] {
  if (!DEFAULT_CIPHERS.has(ciphers.join(','))) return ciphers;
  return [FASTEST_CIPHER, ...ciphers.filter((name) => name !== FASTEST_CIPHER)];
}

/**
 * @throws SshpoolError UNSUPPORTED where a list of the user has nothing that ssh2 can do
 */
export function offeredAlgorithms(options: SshOptions, knownTypes: readonly string[]): Algorithms {
  const hostKeys = orderHostKeyAlgorithms(options.hostKeyAlgorithms, knownTypes);
  const compress = options.compression ? ['zlib@openssh.com', 'zlib', 'none'] : ['none'];
  return {
    kex: usable('kex', options.kexAlgorithms, 'KexAlgorithms'),
    serverHostKey: usable('serverHostKey', hostKeys, 'HostKeyAlgorithms'),
    cipher: usable('cipher', orderCiphers(options.ciphers), 'Ciphers'),
    hmac: usable('hmac', options.macs, 'MACs'),
    compress: usable('compress', compress, 'Compression'),
  } as Algorithms;
}

function usable(kind: keyof Supported, wanted: readonly string[], option: string): string[] {
  const found = wanted.filter((name) => SUPPORTED[kind].includes(name));
  if (found.length > 0) return found;
  throw SshpoolError.of('UNSUPPORTED', {
    what: `${option} ${wanted.join(',')}`,
    hint: `allow one of ${SUPPORTED[kind].join(',')}`,
  });
}
