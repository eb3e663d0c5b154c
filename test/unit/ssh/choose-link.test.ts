import { expect, test } from 'vitest';
import type { SshOptions } from '../../../src/config/ssh-config/options.ts';
import { chooseLink, type LinkCriteria } from '../../../src/ssh/choose-link.ts';

type Chosen = Pick<
  SshOptions,
  'opensshOnly' | 'ciphers' | 'hostKeyAlgorithms' | 'kexAlgorithms' | 'macs'
>;

const KEX = ['sntrup761x25519-sha512@openssh.com', 'curve25519-sha256', 'ecdh-sha2-nistp256'];
const usual: Chosen = {
  opensshOnly: [],
  ciphers: ['aes128-gcm@openssh.com'],
  hostKeyAlgorithms: ['ssh-ed25519-cert-v01@openssh.com', 'ssh-ed25519'],
  kexAlgorithms: KEX,
  macs: ['umac-64@openssh.com', 'hmac-sha2-256'],
};
// The choice uses no other option.
const options = (chosen: Partial<Chosen> = {}): SshOptions =>
  ({ ...usual, ...chosen }) as unknown as SshOptions;
const nothing: LinkCriteria = {
  certAuthority: false,
  knownType: undefined,
  hasTicket: false,
  learned: undefined,
};

test('an ordinary host uses ssh2', () => {
  expect(chooseLink('auto', options(), nothing).kind).toBe('ssh2');
});

test.each<[string, Partial<Chosen>]>([
  ['ProxyUseFdpass yes', { opensshOnly: ['ProxyUseFdpass yes'] }],
  ['Ciphers has nothing for ssh2', { ciphers: ['chacha99'] }],
  [
    'HostKeyAlgorithms has nothing for ssh2',
    { hostKeyAlgorithms: ['ssh-rsa-cert-v01@openssh.com'] },
  ],
  ['KexAlgorithms has nothing for ssh2', { kexAlgorithms: ['mlkem768x25519-sha256'] }],
  ['MACs has nothing for ssh2', { macs: ['umac-64@openssh.com'] }],
  [
    'KexAlgorithms prefers post-quantum key exchange',
    { kexAlgorithms: ['mlkem768x25519-sha256', 'curve25519-sha256'] },
  ],
])('%s: OpenSSH, and never ssh2', (reason, chosen) => {
  expect(chooseLink('auto', options(chosen), nothing)).toEqual({ kind: 'openssh', reason });
  expect(() => chooseLink('ssh2', options(chosen), nothing)).toThrow(reason);
});

test.each<[string, Partial<LinkCriteria>]>([
  ['the host is known by a certificate authority', { certAuthority: true }],
  ['the host is known by a key of type ssh-new', { knownType: 'ssh-new' }],
  ['ssh2 has no matching cipher', { learned: 'ssh2 has no matching cipher' }],
  ['there is a Kerberos ticket, and GSSAPIAuthentication is on', { hasTicket: true }],
])('%s: OpenSSH, but SSH_POOL_LINK may force ssh2', (reason, facts) => {
  const all = { ...nothing, ...facts };
  expect(chooseLink('auto', options(), all)).toEqual({ kind: 'openssh', reason });
  expect(chooseLink('ssh2', options(), all).kind).toBe('ssh2');
});

test('SSH_POOL_LINK may force OpenSSH', () => {
  expect(chooseLink('openssh', options(), nothing)).toEqual({
    kind: 'openssh',
    reason: 'SSH_POOL_LINK is openssh',
  });
});
