/** The negotiation of algorithms (RFC 4253 section 7.1), as OpenSSH does it. Pure. */
import { Reader } from '../../base/bytes.ts';
import type { SshOptions } from '../../config/ssh-config/options.ts';
import { plainName } from '../keys/key-types.ts';

/** The lists of a KEXINIT that decide whether a connection is possible; one direction stands for both. */
interface Offer {
  readonly kex: readonly string[];
  readonly hostKeys: readonly string[];
  readonly ciphers: readonly string[];
  readonly macs: readonly string[];
}

/** Message number and cookie. */
const BEFORE_LISTS = 17;

/** @throws SshpoolError PROTOCOL */
function readOffer(kexinit: Buffer): Offer {
  const from = new Reader(kexinit.subarray(BEFORE_LISTS));
  const list = (): string[] => from.text().split(',');
  const [kex, hostKeys, ciphers, , macs] = [list(), list(), list(), list(), list()];
  return { kex, hostKeys, ciphers, macs };
}

/** Ciphers with a MAC of their own. */
const AUTHENTICATED = /gcm@openssh\.com$|^chacha20-poly1305@/;

function shared(ours: readonly string[], theirs: readonly string[]): string | undefined {
  return ours.find((name) => theirs.includes(name));
}

const POST_QUANTUM = /^(?:sntrup761|mlkem)/;

/** OpenSSH's warning since 10.1 (sshconnect2.c), if WarnWeakCrypto is on: `ssh -G` prints it since then. */
export function weaknessWords(
  { all, kexAlgorithms, showsServerWords }: SshOptions,
  kexinit: Buffer,
): readonly string[] {
  const isWanted = showsServerWords && all.get('warnweakcrypto')?.[0] === 'yes';
  const chosen = shared(kexAlgorithms, readOffer(kexinit).kex);
  return isWanted && !POST_QUANTUM.test(chosen ?? '') ? WARNING : [];
}

const WARNING = [
  '** WARNING: connection is not using a post-quantum key exchange algorithm.',
  '** This session may be vulnerable to "store now, decrypt later" attacks.',
  '** The server may need to be upgraded. See https://openssh.com/pq.html',
];

/** OpenSSH's message if it finds no common algorithm either (kex.c); undefined if it would find one. */
export function noMatching(options: SshOptions, kexinit: Buffer): string | undefined {
  const offer = readOffer(kexinit);
  const cipher = shared(options.ciphers, offer.ciphers);
  const hasMac = cipher !== undefined && AUTHENTICATED.test(cipher);
  const hostKeys = offer.hostKeys.flatMap((name) => [name, plainName(name)]);
  const rows = [
    ['key exchange method', shared(options.kexAlgorithms, offer.kex), offer.kex],
    ['host key type', shared(options.hostKeyAlgorithms, hostKeys), offer.hostKeys],
    ['cipher', cipher, offer.ciphers],
    ['MAC', hasMac ? 'none' : shared(options.macs, offer.macs), offer.macs],
  ] as const;
  const missing = rows.find(([, name]) => name === undefined);
  return missing && `no matching ${missing[0]} found. Their offer: ${missing[2].join(',')}`;
}
