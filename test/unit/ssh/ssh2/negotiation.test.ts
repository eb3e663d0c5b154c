import { expect, it } from 'vitest';
import { Writer } from '../../../../src/base/bytes.ts';
import { readSshOptions } from '../../../../src/config/ssh-config/options.ts';
import { parseTarget } from '../../../../src/config/command-line/target.ts';
import { noMatching, weaknessWords } from '../../../../src/ssh/ssh2/negotiation.ts';

const options = (...lines: readonly string[]) =>
  readSshOptions(
    [
      ...lines,
      'kexalgorithms curve25519-sha256',
      'hostkeyalgorithms ssh-ed25519,ssh-ed25519-cert-v01@openssh.com',
      'ciphers aes128-ctr,aes128-gcm@openssh.com',
      'macs hmac-sha2-256',
      '',
    ].join('\n'),
    {
      target: parseTarget('web'),
      configFile: undefined,
      cwd: '/',
      account: { user: 'me', home: '/home/me', uid: 1, localHost: 'here' },
      env: {},
    },
  );

/** A KEXINIT: the same lists in both directions. */
function kexinit(kex: string, hostKeys: string, ciphers: string, macs: string): Buffer {
  const writer = new Writer().byte(20).raw(Buffer.alloc(16));
  for (const list of [kex, hostKeys, ciphers, ciphers, macs, macs, 'none', 'none', '', '']) {
    writer.string(list);
  }
  return writer.bool(false).u32(0).finish();
}

it.each([
  [
    'dh',
    'ssh-ed25519',
    'aes128-ctr',
    'hmac-sha2-256',
    'key exchange method found. Their offer: dh',
  ],
  [
    'curve25519-sha256',
    'ssh-dss',
    'aes128-ctr',
    'hmac-sha2-256',
    'host key type found. Their offer: ssh-dss',
  ],
  [
    'curve25519-sha256',
    'ssh-ed25519',
    'rc4,des',
    'hmac-sha2-256',
    'cipher found. Their offer: rc4,des',
  ],
  ['curve25519-sha256', 'ssh-ed25519', 'aes128-ctr', 'md5', 'MAC found. Their offer: md5'],
])(
  'with %s, %s, %s, %s there is no connection by OpenSSH either',
  (kex, hostKey, cipher, mac, said) => {
    expect(noMatching(options(), kexinit(kex, hostKey, cipher, mac))).toBe(`no matching ${said}`);
  },
);

it.each([
  ['dh,curve25519-sha256', 'ssh-ed25519', 'aes128-ctr', 'hmac-sha2-256'],
  ['curve25519-sha256', 'ssh-ed25519', 'aes128-gcm@openssh.com', 'md5'],
])('with %s, %s, %s, %s the client and the server have common algorithms', (...lists) => {
  expect(noMatching(options(), kexinit(...lists))).toBeUndefined();
});

it('the warning about key exchange without post-quantum algorithms appears if ssh shows it', () => {
  const old = kexinit('curve25519-sha256', 'ssh-ed25519', 'aes128-ctr', 'hmac-sha2-256');
  const both = 'mlkem768x25519-sha256,curve25519-sha256';
  const today = kexinit(both, 'ssh-ed25519', 'aes128-ctr', 'hmac-sha2-256');
  const own = options('warnweakcrypto yes', `kexalgorithms ${both}`);
  expect(weaknessWords(own, old)).toHaveLength(3);
  expect(weaknessWords(own, today)).toEqual([]);
  expect(weaknessWords(options('warnweakcrypto yes'), today)).toHaveLength(3);
  expect(weaknessWords(options('warnweakcrypto no'), old)).toEqual([]);
  expect(weaknessWords(options('warnweakcrypto yes', 'loglevel ERROR'), old)).toEqual([]);
  expect(weaknessWords(options(), old)).toEqual([]);
});
