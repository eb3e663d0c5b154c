/**
 * What the ssh2 link may offer in the key exchange: the user's own lists, in the user's order, as
 * far as ssh2 knows them. It never offers what the user did not allow.
 */
import type { Algorithms } from 'ssh2';
import type { SshOptions } from '../../config/ssh-options.ts';
import { orderHostKeyAlgorithms, plainType } from '../trust/known-hosts.ts';
import { SUPPORTED, type Supported } from './internals.ts';

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

/** What to offer; only where each list has something (missingAlgorithms). */
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

/** The options whose lists have nothing that ssh2 can do. */
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
  return SUPPORTED.serverHostKey.some((algorithm) => plainType(algorithm) === keyType);
}

function usable(kind: keyof Supported, wanted: readonly string[]): string[] {
  return wanted.filter((name) => SUPPORTED[kind].includes(name));
}
