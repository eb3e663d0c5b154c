/** Public keys on the wire and as text (RFC 4253 section 6.6, RFC 5656, RFC 8709, OpenSSH's PROTOCOL.u2f). */
import { Reader, Writer } from '../../base/bytes.ts';
import { SshpoolError } from '../../base/errors.ts';
import { isCertificateName, keyTypeNamed, typeOfAlgorithm, type Field } from './key-types.ts';

export interface PublicKey {
  readonly type: string;
  readonly blob: Buffer;
}

export function publicKeyType(blob: Buffer): string | undefined {
  return attempt(() => {
    const type = new Reader(blob).text();
    // The names of RFC 4251 section 6, which are safe in a line and in a message.
    return /^[!-~]{1,64}$/.test(type) ? type : undefined;
  });
}

/** For comparing, without leading zeros; undefined if malformed or foreign. Certificates stay unchecked. */
export function canonicalKey(blob: Buffer): Buffer | undefined {
  const type = publicKeyType(blob);
  if (type === undefined) return undefined;
  if (isCertificateName(type)) return blob;
  const known = keyTypeNamed(type);
  if (known === undefined || known.isForeign) return undefined;
  return attempt(() => {
    const from = new Reader(blob);
    const to = new Writer().string(from.string());
    for (const field of known.fields) {
      const value = readField(from.string(), field);
      if (value === undefined) return undefined;
      to.string(value);
    }
    return from.done ? to.finish() : undefined;
  });
}

function readField(value: Buffer, field: Field): Buffer | undefined {
  if (field === 'any') return value;
  if (field === 'mpint') return positiveNumber(value);
  if (typeof field === 'number') {
    const isPoint = field === 32 || value[0] === 0x04;
    return value.length === field && isPoint ? value : undefined;
  }
  return value.toString('latin1') === field.text ? value : undefined;
}

/** An `mpint` above zero in its shortest form (RFC 4251 section 5). */
function positiveNumber(value: Buffer): Buffer | undefined {
  const start = value.findIndex((byte) => byte !== 0);
  const first = value[start];
  if (first === undefined) return undefined;
  const isNegative = start === 0 && first >= 0x80;
  if (isNegative) return undefined;
  return first < 0x80 ? value.subarray(start) : value.subarray(start - 1);
}

/** Of `TYPE BASE64 [COMMENT]`, in canonical form; undefined if malformed or if type and key do not match. */
export function parsePublicKey(line: string): PublicKey | undefined {
  const [type, base64] = line.replace(/^[ \t]+/, '').split(/[ \t]+/, 2);
  if (!type || !base64) return undefined;
  // b64_pton ignores white space: the carriage return of a file from another system.
  const bytes = decodeBase64(base64.replace(/[\r\v\f]+/g, ''));
  const blob = bytes && canonicalKey(bytes);
  if (!blob) return undefined;
  // ssh also takes the name of a signature algorithm (sshkey.c).
  const named = isCertificateName(type) ? type : typeOfAlgorithm(type);
  return publicKeyType(blob) === named ? { type: named, blob } : undefined;
}

/** The same for a type that sshpool cannot read; the key is unchanged. */
export function parseForeignKey(line: string): PublicKey | undefined {
  const [type = '', base64 = ''] = line.replace(/^[ \t]+/, '').split(/[ \t]+/, 2);
  const known = keyTypeNamed(type);
  if ((known && !known.isForeign) || isCertificateName(type)) return undefined;
  const blob = decodeBase64(base64.replace(/[\r\v\f]+/g, ''));
  return blob && publicKeyType(blob) === type ? { type, blob } : undefined;
}

/** As strict as OpenSSH: Node ignores invalid characters. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length > 0 && bytes.toString('base64') === text ? bytes : undefined;
}

/** Undefined if the bytes were cut short. */
export function attempt<T>(read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof SshpoolError && thrown.code === 'PROTOCOL') return undefined;
    throw thrown;
  }
}
