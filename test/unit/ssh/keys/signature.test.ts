import { createPublicKey, verify } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Reader } from '../../../../src/base/bytes.ts';
import { loadPrivateKey } from '../../../../src/ssh/keys/private-key.ts';
import { signWith } from '../../../../src/ssh/keys/signature.ts';
import { bytes } from '../../../support/arbitrary.ts';
import { createSandbox } from '../../../support/sandbox.ts';
import { execFileSync } from 'node:child_process';

const HASH: Readonly<Record<string, string | null>> = {
  'ssh-ed25519': null,
  'rsa-sha2-512': 'sha512',
  'rsa-sha2-256': 'sha256',
  'ecdsa-sha2-nistp256': 'sha256',
  'ecdsa-sha2-nistp384': 'sha384',
  'ecdsa-sha2-nistp521': 'sha512',
};

/** r and s as in RFC 5656, in the fixed width that node:crypto takes. */
function fixedWidth(blob: Buffer, width: number): Buffer {
  const from = new Reader(blob);
  const numbers = [from.string(), from.string()].map((number) => {
    // An mpint: never negative, and without unneeded leading zeros.
    expect((number[0] ?? 0x80) < 0x80).toBe(true);
    expect(number[0] === 0 && (number[1] ?? 0) < 0x80).toBe(false);
    const plain = number[0] === 0 ? number.subarray(1) : number;
    return Buffer.concat([Buffer.alloc(width - plain.length), plain]);
  });
  expect(from.done).toBe(true);
  return Buffer.concat(numbers);
}

test.each([
  ['ed25519', '256', 'ssh-ed25519', 0],
  ['rsa', '2048', 'rsa-sha2-512', 0],
  ['rsa', '2048', 'rsa-sha2-256', 0],
  ['ecdsa', '256', 'ecdsa-sha2-nistp256', 32],
  ['ecdsa', '384', 'ecdsa-sha2-nistp384', 48],
  ['ecdsa', '521', 'ecdsa-sha2-nistp521', 66],
])('a key of %s, %s bits, signs with %s', async (type, bits, algorithm, width) => {
  await using sandbox = createSandbox();
  const file = sandbox.path('key');
  execFileSync('ssh-keygen', ['-q', '-t', type, '-b', bits, '-N', '', '-f', file]);
  const loaded = await loadPrivateKey(file);
  if (loaded.kind !== 'key') throw new Error(loaded.kind);
  const key = createPublicKey(loaded.key.getPrivatePEM());
  fc.assert(
    fc.property(bytes(), (data) => {
      const from = new Reader(signWith(loaded.key, algorithm, data));
      expect(from.text()).toBe(algorithm);
      const blob = from.string();
      const signature = width === 0 ? blob : fixedWidth(blob, width);
      const how = { key, dsaEncoding: 'ieee-p1363' } as const;
      expect(verify(HASH[algorithm], data, how, signature)).toBe(true);
    }),
  );
});

test('an unknown algorithm makes no signature', async () => {
  await using sandbox = createSandbox();
  const file = sandbox.path('key');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
  const loaded = await loadPrivateKey(file);
  if (loaded.kind !== 'key') throw new Error(loaded.kind);
  expect(() => signWith(loaded.key, 'ssh-dss', Buffer.alloc(1))).toThrow('not supported');
});
