/** Other servers, and OpenSSH's with an unusual configuration. */
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, chmodSync } from 'node:fs';
import { startFakeServer } from '../../support/fake-server.ts';
import { freePort } from '../../support/port.ts';
import { until } from '../../support/process.ts';
import type { Sandbox } from '../../support/sandbox.ts';
import { startSshd, type Sshd } from '../../support/sshd.ts';
import { answering, isRoot, without, type LoginUser } from '../fixtures.ts';
import type { Case, Row } from '../row.ts';

const ok = { outcome: 'ok' } as const;
const POST_QUANTUM = 'sntrup761x25519-sha512@openssh.com';
const DROPBEAR = '/usr/sbin/dropbear';

const at = (sshd: Sshd, extra: string, command = 'echo served', run: Case['run'] = {}): Case => ({
  args: ['-F', sshd.config(extra), 'box', command],
  run,
});

/** An sshd with this directive. */
const server = (
  name: string,
  options: Readonly<Record<string, string>>,
  more: Partial<Row> & { readonly command?: string } = {},
): Row => {
  const { command, ...rest } = more;
  return {
    name,
    ...ok,
    ...rest,
    prepare: async (sandbox) => at(await startSshd(sandbox, { options }), '', command),
  };
};

/** A client with these lines. */
const client = (name: string, extra: string, more: Partial<Row> = {}): Row => ({
  name,
  ...ok,
  ...more,
  prepare: async (sandbox) => at(await startSshd(sandbox), extra),
});

/** An sshd as before SHA-2, for clients with these lines. */
const old = (name: string, lines: readonly string[], more: Partial<Row> = {}): Row => ({
  name,
  ...ok,
  ...more,
  prepare: async (sandbox) => {
    const options = {
      KexAlgorithms: 'diffie-hellman-group14-sha1',
      HostKeyAlgorithms: 'ssh-rsa',
      PubkeyAcceptedAlgorithms: 'ssh-rsa',
      Ciphers: 'aes128-cbc',
      MACs: 'hmac-sha1',
    };
    const sshd = await startSshd(sandbox, { options, hostKeys: ['rsa'], userKeys: ['rsa'] });
    return at(sshd, lines.join('\n'));
  },
});

export const serverRows: readonly Row[] = [
  server(
    'post-quantum key exchange only',
    { KexAlgorithms: POST_QUANTUM },
    {
      link: 'openssh',
      notOverSsh2: /no matching key exchange/,
    },
  ),
  server(
    'MACs and ciphers that ssh2 does not have',
    {
      Ciphers: 'aes128-ctr',
      MACs: 'umac-128-etm@openssh.com',
    },
    { link: 'openssh', notOverSsh2: /no matching/ },
  ),
  server('aes256-ctr with hmac-sha1', { Ciphers: 'aes256-ctr', MACs: 'hmac-sha1' }),
  server('chacha20-poly1305 only', { Ciphers: 'chacha20-poly1305@openssh.com' }),
  client('post-quantum key exchange demanded', `KexAlgorithms ${POST_QUANTUM}`, {
    link: 'openssh',
    notOverSsh2: /KexAlgorithms/,
  }),
  client('MACs that ssh2 does not have demanded', 'MACs umac-64@openssh.com', {
    link: 'openssh',
    notOverSsh2: /MACs/,
  }),
  server('ECDH over nistp521 only', { KexAlgorithms: 'ecdh-sha2-nistp521' }),
  // Node tests the group that the server sends for up to half a minute, which would block the agent.
  server(
    'group exchange only',
    { KexAlgorithms: 'diffie-hellman-group-exchange-sha256' },
    { link: 'openssh', notOverSsh2: /no matching key exchange/ },
  ),
  old('an old server', [], { outcome: 'no common algorithm', link: 'none' }),
  old('an old server, its algorithms added', [
    'KexAlgorithms +diffie-hellman-group14-sha1',
    'HostKeyAlgorithms +ssh-rsa',
    // Only this one, because this sshd announces the newer ones, which a really old server does not.
    'PubkeyAcceptedAlgorithms ssh-rsa',
    'Ciphers +aes128-cbc',
  ]),
  {
    name: 'no algorithm in common',
    outcome: 'no common algorithm',
    link: 'none',
    prepare: async (sandbox) => {
      const options = { Ciphers: 'aes256-ctr' };
      return at(await startSshd(sandbox, { options }), 'Ciphers aes128-ctr');
    },
  },
  // The command uses its only session; after it there is no other, and the server closes the connection.
  server('MaxSessions 1', { MaxSessions: '1' }, { link: 'none' }),
  server('ForceCommand', { ForceCommand: 'echo forced; echo $SSH_ORIGINAL_COMMAND' }),
  server('LoginGraceTime and MaxAuthTries as low as can be', {
    LoginGraceTime: '10',
    MaxAuthTries: '1',
  }),
  {
    name: 'ssh2 as a server',
    ...ok,
    prepare: async (sandbox) => {
      const fake = await startFakeServer(sandbox);
      sandbox.defer(() => fake.close());
      return { args: ['-F', fake.config(), 'fake', 'echo served'] };
    },
  },
];

/** dropbear accepts users of the system, with their own authorized_keys. */
export function dropbearRows(who: LoginUser | undefined): readonly Row[] {
  const skip = without(DROPBEAR) ?? (isRoot ? undefined : 'only root can make a user to log in as');
  const row = (name: string, extra: string, hostKey = 'ed25519'): Row => ({
    name,
    ...ok,
    skip,
    prepare: async (sandbox) => {
      const { name: user = '', password = '', key = '' } = who ?? {};
      const { port, known } = await startDropbear(sandbox, hostKey);
      const own = sandbox.path('own-key');
      copyFileSync(key, own);
      chmodSync(own, 0o600);
      const config = sandbox.write(
        'config',
        `Host box\nHostName 127.0.0.1\nPort ${port}\nUser ${user}\nUserKnownHostsFile ${known}\n` +
          `StrictHostKeyChecking yes\n${extra.replace('KEY', own)}\n`,
      );
      const env = answering(sandbox, password);
      return { args: ['-F', config, 'box', 'echo served'], run: { env } };
    },
  });
  return [
    row('dropbear, by key', 'IdentityFile KEY\nIdentitiesOnly yes'),
    row('dropbear with an RSA host key', 'IdentityFile KEY\nIdentitiesOnly yes', 'rsa'),
    row('dropbear, by password', 'PubkeyAuthentication no'),
  ];
}

async function startDropbear(
  sandbox: Sandbox,
  type: string,
): Promise<{ port: number; known: string }> {
  const [hostKey, port] = [sandbox.path('dropbear-key'), await freePort()];
  execFileSync('dropbearkey', ['-t', type, '-f', hostKey], { stdio: 'ignore' });
  const printed = execFileSync('dropbearkey', ['-y', '-f', hostKey], { encoding: 'utf8' });
  const line = printed.split('\n').find((each) => /^(ssh|ecdsa)-/.test(each)) ?? '';
  const words = ['-F', '-E', '-p', `127.0.0.1:${port}`, '-r', hostKey];
  const child = spawn(DROPBEAR, [...words, '-P', sandbox.path('dropbear.pid')], {
    env: sandbox.env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said += text.toString()));
  sandbox.defer(async () => {
    child.kill();
    await until(() => child.exitCode !== null || child.signalCode !== null, 'dropbear ends');
  });
  await until(() => said.includes('Not backgrounding'), 'dropbear starts');
  const known = sandbox.write('known', `[127.0.0.1]:${port} ${line}\n`);
  return { port, known };
}
