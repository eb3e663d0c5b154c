import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Writer } from '../../../../src/base/bytes.ts';
import { refusalOf, signatureAlgorithm } from '../../../../src/ssh/keys/signature-algorithms.ts';
import { blobOf, keygen, makeDirectory, makeKey } from './keygen.ts';

const rules = (pubkeyAcceptedAlgorithms: string, requiredRsaBits = 1024) => ({
  pubkeyAcceptedAlgorithms: pubkeyAcceptedAlgorithms.split(',').filter(Boolean),
  requiredRsaBits,
});
const MODERN = 'ssh-ed25519,rsa-sha2-512,rsa-sha2-256';

describe('the signature algorithm', () => {
  it.each([
    ['ssh-rsa', MODERN, ['rsa-sha2-256', 'rsa-sha2-512'], 'rsa-sha2-512'],
    ['ssh-rsa', 'rsa-sha2-256,rsa-sha2-512', ['rsa-sha2-512', 'rsa-sha2-256'], 'rsa-sha2-256'],
    ['ssh-rsa', MODERN, ['rsa-sha2-256'], 'rsa-sha2-256'],
    ['ssh-rsa', MODERN, ['ssh-rsa'], undefined],
    ['ssh-rsa', `${MODERN},ssh-rsa`, ['ssh-rsa'], 'ssh-rsa'],
    // A server that announces nothing is too old for anything but SHA-1.
    ['ssh-rsa', MODERN, undefined, undefined],
    ['ssh-rsa', `${MODERN},ssh-rsa`, undefined, 'ssh-rsa'],
    ['ssh-ed25519', MODERN, undefined, 'ssh-ed25519'],
    ['ssh-ed25519', MODERN, ['rsa-sha2-512'], 'ssh-ed25519'],
    ['ssh-ed25519', 'rsa-sha2-512', undefined, undefined],
    [
      'ssh-rsa-cert-v01@openssh.com',
      'rsa-sha2-512-cert-v01@openssh.com',
      ['rsa-sha2-512'],
      'rsa-sha2-512-cert-v01@openssh.com',
    ],
  ])(
    "of %s, with the user's list %s and the server's %s, is %s",
    (type, accepted, server, chosen) => {
      expect(signatureAlgorithm(type, rules(accepted), server)).toBe(chosen);
    },
  );
});

describe('a key that the user excludes', () => {
  const ed25519 = new Writer().string('ssh-ed25519').string(Buffer.alloc(32)).finish();

  it('has a type that is not in PubkeyAcceptedAlgorithms', () => {
    expect(refusalOf(ed25519, rules(MODERN))).toBeUndefined();
    expect(refusalOf(ed25519, rules('rsa-sha2-512'))).toMatch(/PubkeyAcceptedAlgorithms/);
    expect(refusalOf(ed25519, rules(''))).toBeUndefined();
  });

  it('is an RSA key, or its certificate, that is shorter than RequiredRSASize', () => {
    using directory = makeDirectory();
    const file = join(directory.path, 'key');
    const key = blobOf(makeKey(file, 'rsa', '-b', '2048'));
    keygen('-q', '-s', file, '-I', 'id', '-n', 'me', `${file}.pub`);
    const certificate = blobOf(readFileSync(`${file}-cert.pub`, 'utf8'));
    for (const blob of [key, certificate]) {
      expect(refusalOf(blob, rules('', 2048))).toBeUndefined();
      expect(refusalOf(blob, rules('', 2049))).toMatch(/RequiredRSASize/);
    }
    expect(refusalOf(ed25519, rules('', 4096))).toBeUndefined();
  });
});
