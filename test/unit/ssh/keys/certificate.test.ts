import * as fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { Writer } from '../../../../src/base/bytes.ts';
import { certifiedKey, isCertificate } from '../../../../src/ssh/keys/certificate.ts';
import { plainName } from '../../../../src/ssh/keys/key-types.ts';
import { bytes } from '../../../support/arbitrary.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';

function sandbox(): Sandbox {
  const made = createSandbox();
  onTestFinished(() => made[Symbol.asyncDispose]());
  return made;
}

const blobOf = (file: string): Buffer =>
  Buffer.from(readFileSync(file, 'utf8').split(' ')[1] ?? '', 'base64');

/** A key of this type and its certificate, by ssh-keygen. */
function certified(where: Sandbox, type: string, more: string[] = []): [Buffer, Buffer] {
  const [ca, key] = [where.path('ca'), where.path('key')];
  for (const [file, kind] of [
    [ca, 'ed25519'],
    [key, type],
  ] as const) {
    execFileSync('ssh-keygen', ['-q', '-t', kind, '-N', '', '-f', file]);
  }
  execFileSync('ssh-keygen', ['-q', '-s', ca, '-I', 'id', '-n', 'me', ...more, `${key}.pub`]);
  return [blobOf(`${key}.pub`), blobOf(`${key}-cert.pub`)];
}

test.each(['ed25519', 'rsa', 'ecdsa'])('the key in a %s certificate is found', (type) => {
  const [key, certificate] = certified(sandbox(), type);
  expect(isCertificate(certificate)).toBe(true);
  expect(isCertificate(key)).toBe(false);
  expect(certifiedKey(certificate)).toEqual(key);
});

test('the key in the certificate of a DSA key is found, although sshpool does not sign with it', () => {
  const numbers = [1, 2, 3, 4].map((byte) => Buffer.of(byte));
  const key = new Writer().string('ssh-dss');
  const certificate = new Writer().string('ssh-dss-cert-v01@openssh.com').string('nonce');
  for (const to of [key, certificate]) for (const number of numbers) to.string(number);
  certificate.u32(0).u32(0).u32(1);
  expect(certifiedKey(certificate.finish())).toEqual(key.finish());
});

test('the key in a certificate of a new type, without a version, is found', () => {
  const point = Buffer.alloc(1344, 1);
  const key = new Writer().string('ssh-mldsa44-ed25519').string(point);
  const certificate = new Writer().string('ssh-mldsa44-ed25519-cert').string('nonce').string(point);
  const blob = certificate.u32(0).u32(0).u32(1).finish();
  expect(isCertificate(blob)).toBe(true);
  expect(certifiedKey(blob)).toEqual(key.finish());
});

test('a host certificate is not used for a login', () => {
  const [, certificate] = certified(sandbox(), 'ed25519', ['-h']);
  expect(certifiedKey(certificate)).toBeUndefined();
});

test('a certificate that is cut short anywhere has no key', () => {
  const [, certificate] = certified(sandbox(), 'ed25519');
  // The type of the certificate comes before its end; the rest is for the server.
  const head = certificate.subarray(0, 4 + 32 + 4 + 32 + 4 + 32 + 8 + 3);
  fc.assert(
    fc.property(fc.nat(head.length), (length) => {
      expect(certifiedKey(head.subarray(0, length))).toBeUndefined();
    }),
  );
});

test('random bytes are a certificate or not, and cause no exception', () => {
  fc.assert(
    fc.property(bytes(80), (blob) => {
      expect(certifiedKey(blob)).toBeUndefined();
    }),
  );
});

test.each([
  ['ssh-ed25519-cert-v01@openssh.com', 'ssh-ed25519'],
  ['rsa-sha2-512-cert-v01@openssh.com', 'rsa-sha2-512'],
  ['sk-ssh-ed25519-cert-v01@openssh.com', 'sk-ssh-ed25519@openssh.com'],
  ['ssh-ed25519', 'ssh-ed25519'],
])('%s certifies %s', (name, plain) => {
  expect(plainName(name)).toBe(plain);
});
