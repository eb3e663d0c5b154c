/**
 * The algorithms that the ssh2 link offers in the key exchange: the user's lists, in the user's order,
 * without what ssh2 does not support. It never offers what the user did not allow.
 */
import type { Algorithms } from 'ssh2';
import type { SshOptions } from '../../config/ssh-options.ts';
import { typeOfAlgorithm } from '../keys/key-types.ts';
import { orderHostKeyAlgorithms } from '../trust/known-hosts.ts';
import { type Supported, SUPPORTED } from './protocol.ts';

/**
 * OpenSSH's default lists (ssh_config(5), Ciphers), up to 9.9 and since. AES-GCM is in both and the fastest
 * cipher that ssh2 has, so the pool puts it first in them.
 */
const DEFAULT_CIPHERS: ReadonlySet<string> = new Set([
  'chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,' +
    'aes128-gcm@openssh.com,aes256-gcm@openssh.com',
  'chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,aes256-gcm@openssh.com,' +
    'aes128-ctr,aes192-ctr,aes256-ctr',
]);
const FASTEST_CIPHER = 'aes128-gcm@openssh.com';

/** The user's own order; for OpenSSH's defaults, the pool's order. */
export function orderCiphers(ciphers: readonly string[]): readonly string[] {
  if (!DEFAULT_CIPHERS.has(ciphers.join(','))) return ciphers;
  return [FASTEST_CIPHER, ...ciphers.filter((name) => name !== FASTEST_CIPHER)];
}

/** The lists to offer; call it only if none is empty (missingAlgorithms). */
export function offeredAlgorithms(options: SshOptions, knownTypes: readonly string[]): Algorithms {
  const hostKeys = orderHostKeyAlgorithms(options.hostKeyAlgorithms, knownTypes);
  const compress = options.compression ? ['zlib@openssh.com', 'zlib', 'none'] : ['none'];
  return {
    kex: usable('kex', options.kexAlgorithms),
    serverHostKey: usable('serverHostKey', hostKeys),
    cipher: usable('cipher', orderCiphers(options.ciphers)),
    hmac: usable('hmac', options.macs),
    compress: usable('compress', compress),
  } as Algorithms;
}

/** The options whose lists have no algorithm that ssh2 supports. */
export function missingAlgorithms(options: SshOptions): string[] {
  const lists = [
    ['Ciphers', usable('cipher', options.ciphers)],
    ['HostKeyAlgorithms', usable('serverHostKey', options.hostKeyAlgorithms)],
    ['KexAlgorithms', usable('kex', options.kexAlgorithms)],
    ['MACs', usable('hmac', options.macs)],
  ] as const;
  return lists.filter(([, names]) => names.length === 0).map(([option]) => option);
}

/** Whether ssh2 can verify a host key of this type. */
export function isVerifiable(keyType: string): boolean {
  return SUPPORTED.serverHostKey.some((algorithm) => typeOfAlgorithm(algorithm) === keyType);
}

function usable(kind: keyof Supported, wanted: readonly string[]): string[] {
  return wanted.filter((name) => SUPPORTED[kind].includes(name));
}
