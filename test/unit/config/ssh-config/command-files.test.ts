import { expect, test } from 'vitest';
import { commandFiles } from '../../../../src/config/ssh-config/command-files.ts';

const named = (proxy: string | undefined, knownHosts?: string) =>
  commandFiles(proxy, knownHosts, (word) => word);

test.each([
  ['/opt/proxy.sh web 22', ['/opt/proxy.sh']],
  ['~/bin/proxy %h', ['~/bin/proxy']],
  ["sh '/opt/proxy.sh' --log=/var/log/proxy", ['/opt/proxy.sh', '/var/log/proxy']],
  ['./proxy 2>/dev/null', ['./proxy', '/dev/null']],
  ['nc web 22', []],
])('the proxy command %j names its programs', (proxy, programs) => {
  expect(named(proxy)).toEqual({ programs, data: [] });
});

test.each(['ssh -i /keys/a -W web:22 hop', 'ssh -i/keys/a hop', 'ssh -o IdentityFile=/keys/a hop'])(
  'the proxy command %j names its key',
  (proxy) => {
    expect(named(proxy).data).toEqual(['/keys/a']);
  },
);

test('every file that KnownHostsCommand names counts', () => {
  const { data } = named(undefined, '/bin/cat /etc/hosts.a /etc/hosts.b');
  expect(data).toEqual(['/bin/cat', '/etc/hosts.a', '/etc/hosts.b']);
});

test('without such commands no file is named', () => {
  expect(named(undefined)).toEqual({ programs: [], data: [] });
});
