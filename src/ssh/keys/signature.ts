/** Signatures in SSH's wire format (RFC 4253 section 6.6, RFC 5656 section 3.1.2, RFC 8332, RFC 8709). */
import { sign } from 'node:crypto';
import type { ParsedKey } from 'ssh2';
import { Writer } from '../../base/bytes.ts';
import { hashOf } from './key-types.ts';

/** @throws Error where the key cannot sign by this algorithm */
export function signWith(key: ParsedKey, algorithm: string, data: Buffer): Buffer {
  const hash = hashOf(algorithm);
  if (hash === undefined) throw new Error(`${algorithm} is not supported`);
  const encoding = { key: key.getPrivatePEM(), dsaEncoding: 'ieee-p1363' } as const;
  const raw = sign(hash, data, encoding);
  const blob = algorithm.startsWith('ecdsa-') ? twoNumbers(raw) : raw;
  return new Writer().string(algorithm).string(blob).finish();
}

/** r and s, one after the other, as two `mpint`. */
function twoNumbers(raw: Buffer): Buffer {
  const half = raw.length / 2;
  return new Writer()
    .string(mpint(raw.subarray(0, half)))
    .string(mpint(raw.subarray(half)))
    .finish();
}

/** A number above zero in its shortest form (RFC 4251 section 5). */
function mpint(bytes: Buffer): Buffer {
  const start = bytes.findIndex((byte) => byte !== 0);
  const short = bytes.subarray(start);
  return (short[0] ?? 0) < 0x80 ? short : Buffer.concat([Buffer.of(0), short]);
}
