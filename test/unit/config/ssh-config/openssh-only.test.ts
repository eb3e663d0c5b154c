import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { opensshOnly } from '../../../../src/config/ssh-config/openssh-only.ts';

const printed = (lines: string): Map<string, string[]> =>
  new Map(
    lines
      .split('\n')
      .map((line) => line.split(' '))
      .map(([name = '', ...value]) => [name, [value.join(' ')]]),
  );

test('the defaults of the installed ssh do not require OpenSSH', () => {
  const text = execFileSync('ssh', ['-G', '-F', 'none', 'host'], { encoding: 'utf8' });
  expect(opensshOnly(printed(text))).toEqual([]);
});

test.each([
  ['proxyusefdpass yes', 'ProxyUseFdpass yes'],
  ['pkcs11provider /usr/lib/p11.so', 'PKCS11Provider'],
  ['hostbasedauthentication true', 'HostbasedAuthentication yes'],
  ['gssapidelegatecredentials yes', 'GSSAPIDelegateCredentials yes'],
  ['pubkeyauthentication host-bound', 'PubkeyAuthentication host-bound'],
  ['addkeystoagent true', 'AddKeysToAgent yes'],
  ['addkeystoagent 3600', 'AddKeysToAgent 3600'],
  ['verifyhostkeydns ask', 'VerifyHostKeyDNS ask'],
  ['revokedhostkeys /etc/ssh/revoked', 'RevokedHostKeys'],
  ['checkhostip yes', 'CheckHostIP yes'],
  ['visualhostkey yes', 'VisualHostKey yes'],
  ['nohostauthenticationforlocalhost yes', 'NoHostAuthenticationForLocalhost yes'],
  ['knownhostscommand /usr/bin/hosts %H', 'KnownHostsCommand'],
])('%s requires OpenSSH', (line, reason) => {
  expect(opensshOnly(printed(line))).toEqual([reason]);
});

test.each([
  'rekeylimit 1048576 10',
  'bindinterface lo',
  'addkeystoagent false',
  'pubkeyauthentication true',
  'pkcs11provider none',
  'port 22',
])('%s does not require OpenSSH', (line) => {
  expect(opensshOnly(printed(line))).toEqual([]);
});

test('a LocalCommand requires OpenSSH only if PermitLocalCommand is yes', () => {
  expect(opensshOnly(printed('localcommand date\npermitlocalcommand no'))).toEqual([]);
  expect(opensshOnly(printed('localcommand date\npermitlocalcommand yes'))).toEqual([
    'LocalCommand',
  ]);
});
