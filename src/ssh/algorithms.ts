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
 * @throws SshpoolError UNSUPPORTED where a list of the user has nothing that ssh2 can do
 */
export function offeredAlgorithms(options: SshOptions, knownTypes: readonly string[]): Algorithms {
  const hostKeys = orderHostKeyAlgorithms(options.hostKeyAlgorithms, knownTypes);
  const compress = options.compression ? ['zlib@openssh.com', 'zlib', 'none'] : ['none'];
  return {
    kex: usable('kex', options.kexAlgorithms, 'KexAlgorithms'),
    serverHostKey: usable('serverHostKey', hostKeys, 'HostKeyAlgorithms'),
    cipher: usable('cipher', options.ciphers, 'Ciphers'),
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
