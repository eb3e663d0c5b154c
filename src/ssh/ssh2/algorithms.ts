/** The algorithms that ssh2 offers: the user's lists, in their order, without what ssh2 does not support. */
import type { Algorithms } from 'ssh2';
import type { SshOptions } from '../../config/ssh-config/options.ts';
import { typeOfAlgorithm } from '../keys/key-types.ts';
import { orderHostKeyAlgorithms } from '../trust/known-hosts-lines.ts';
import { type Supported, SUPPORTED } from './protocol.ts';

/** OpenSSH's, up to 9.9 and since. AES-GCM is in both and ssh2's fastest, so the pool puts it first. */
const DEFAULT_CIPHERS: ReadonlySet<string> = new Set([
  'chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,' +
    'aes128-gcm@openssh.com,aes256-gcm@openssh.com',
  'chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,aes256-gcm@openssh.com,' +
    'aes128-ctr,aes192-ctr,aes256-ctr',
]);
const FASTEST_CIPHER = 'aes128-gcm@openssh.com';

export function orderCiphers(ciphers: readonly string[]): readonly string[] {
  if (!DEFAULT_CIPHERS.has(ciphers.join(','))) return ciphers;
  return [FASTEST_CIPHER, ...ciphers.filter((name) => name !== FASTEST_CIPHER)];
}

/** Call it only if no list is empty (missingAlgorithms). */
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

export function missingAlgorithms(options: SshOptions): string[] {
  const lists = [
    ['Ciphers', usable('cipher', options.ciphers)],
    ['HostKeyAlgorithms', usable('serverHostKey', options.hostKeyAlgorithms)],
    ['KexAlgorithms', usable('kex', options.kexAlgorithms)],
    ['MACs', usable('hmac', options.macs)],
  ] as const;
  return lists.filter(([, names]) => names.length === 0).map(([option]) => option);
}

export function isVerifiable(keyType: string): boolean {
  return SUPPORTED.serverHostKey.some((algorithm) => typeOfAlgorithm(algorithm) === keyType);
}

function usable(kind: keyof Supported, wanted: readonly string[]): string[] {
  return wanted.filter((name) => SUPPORTED[kind].includes(name));
}
