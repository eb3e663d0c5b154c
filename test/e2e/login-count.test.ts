/**
 * A failed login makes no more connections than with ssh: current servers refuse an address after a few
 * failures (sshd_config(5), PerSourcePenalties).
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Writer } from '../../src/base/bytes.ts';
import { makeKey, publicKeyOf } from '../reach/fixtures.ts';
import { runCli, ssh, type Result } from '../support/cli.ts';
import { keyContainer } from '../support/key-container.ts';
import { startLoopback } from '../support/loopback.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd, type Sshd } from '../support/sshd.ts';

interface Row {
  readonly name: string;
  readonly server?: Readonly<Record<string, string>>;
  /** Serves each connection in place of sshd. */
  readonly serve?: (socket: Socket) => void;
  /** Why the row cannot run on this machine. */
  readonly skip?: string | undefined;
  /** Lines of ssh_config, before all others. */
  readonly config: (sandbox: Sandbox, sshd: Sshd) => readonly string[];
}

const otherKeys = (sandbox: Sandbox, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `IdentityFile ${makeKey(sandbox, `other${at}`)}`);

/** A key that the server does not know comes first. */
const besideAnother = (sandbox: Sandbox, key: string): string[] => {
  chmodSync(key, 0o600);
  return ['IdentitiesOnly yes', ...otherKeys(sandbox, 1), `IdentityFile ${key}`];
};

/** A key type that ssh knows and ssh2 does not; ssh 10.0 to 10.5 have none that works without a device. */
const typesOfSsh = execFileSync('ssh', ['-Q', 'key'], { encoding: 'utf8' }).split('\n');
const BEYOND_SSH2 = ['ssh-mldsa44-ed25519', 'ssh-dss'].find((type) => typesOfSsh.includes(type));

/** A key of a type that does not exist. */
function unknownKey(): string {
  const publicBlob = new Writer().string('ssh-new').string(Buffer.alloc(40, 1)).finish();
  const secret = new Writer().u32(7).u32(7).raw(publicBlob).string(Buffer.alloc(64, 2)).string('');
  return keyContainer(publicBlob, secret.finish());
}

const ROWS: readonly Row[] = [
  { name: 'a wrong key', config: (sandbox) => ['IdentitiesOnly yes', ...otherKeys(sandbox, 1)] },
  {
    name: 'more wrong keys than MaxAuthTries',
    server: { MaxAuthTries: '3' },
    config: (sandbox) => ['IdentitiesOnly yes', ...otherKeys(sandbox, 8)],
  },
  { name: 'no key at all', config: () => ['PubkeyAuthentication no'] },
  { name: 'a user that does not exist', config: () => ['User nobody-of-that-name'] },
  {
    name: 'a key whose passphrase is not given',
    config: (sandbox) => [
      `IdentityFile ${makeKey(sandbox, 'locked', { passphrase: 'sesame' })}`,
      'IdentitiesOnly yes',
    ],
  },
  {
    name: 'a private key that only OpenSSH might read, and that the server does not know',
    config: (sandbox) => {
      const other = makeKey(sandbox, 'other');
      const unread = makeKey(sandbox, 'unread');
      writeFileSync(unread, '-----BEGIN OPENSSH PRIVATE KEY-----\nnone\n');
      return ['IdentitiesOnly yes', `IdentityFile ${other}`, `IdentityFile ${unread}`];
    },
  },
  {
    name: 'a damaged key file without its .pub file',
    config: (sandbox) => {
      const text = '-----BEGIN OPENSSH PRIVATE KEY-----\nnone\n';
      return besideAnother(sandbox, sandbox.write('damaged', text));
    },
  },
  {
    name: 'a key file of a type that ssh2 does not know',
    skip: BEYOND_SSH2 === undefined ? 'this ssh knows no such type' : undefined,
    config: (sandbox) => besideAnother(sandbox, makeKey(sandbox, 'new', { type: BEYOND_SSH2 })),
  },
  {
    name: 'a key file of an unknown type without its .pub file',
    config: (sandbox) => besideAnother(sandbox, sandbox.write('new', unknownKey())),
  },
  {
    name: 'an encrypted key file that does not contain its public key, and no terminal',
    config: (sandbox) => {
      const options = { type: 'ecdsa', passphrase: 'sesame', format: ['-m', 'PKCS8'] };
      const key = makeKey(sandbox, 'locked', options);
      rmSync(`${key}.pub`);
      return besideAnother(sandbox, key);
    },
  },
  {
    name: 'a password, and no terminal',
    server: { PasswordAuthentication: 'yes' },
    config: () => ['PubkeyAuthentication no', 'BatchMode no'],
  },
  {
    name: 'an unknown host key',
    config: () => ['UserKnownHostsFile /dev/null', 'StrictHostKeyChecking yes'],
  },
  {
    name: 'a changed host key',
    config: (sandbox, { port }) => {
      const key = makeKey(sandbox, 'host');
      const known = `[127.0.0.1]:${port} ${publicKeyOf(key)}\n`;
      return [`UserKnownHostsFile ${sandbox.write('changed', known)}`];
    },
  },
  { name: 'no common key exchange', config: () => ['KexAlgorithms diffie-hellman-group14-sha1'] },
  {
    name: 'a revoked host key',
    config: (sandbox, { hostKeys }) => {
      const [key = ''] = hostKeys;
      const known = `@revoked * ${publicKeyOf(key)}\n`;
      return [`UserKnownHostsFile ${sandbox.write('revoked', known)}`];
    },
  },
  {
    name: 'a server that closes the connection at once',
    serve: (socket) => socket.end(),
    config: () => [],
  },
  {
    name: 'a server that resets the connection',
    serve: (socket) => void socket.once('data', () => socket.resetAndDestroy()),
    config: () => [],
  },
  {
    name: 'a server that gives a reason and closes the connection',
    serve: (socket) => socket.end('Not allowed at this time\r\n'),
    config: () => [],
  },
  {
    name: 'a server that closes the connection in the key exchange',
    serve: (socket) => {
      socket.write('SSH-2.0-OpenSSH_9.2\r\n');
      socket.once('data', () => socket.end());
    },
    config: () => [],
  },
  {
    name: 'a server that does not speak SSH',
    serve: (socket) =>
      void socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    config: () => [],
  },
  {
    name: 'a method that the server does not offer',
    server: { PasswordAuthentication: 'no' },
    config: () => ['PreferredAuthentications password'],
  },
  {
    name: 'a GSSAPI login without a ticket',
    server: { GSSAPIAuthentication: 'yes' },
    config: (sandbox) => [
      ...['IgnoreUnknown GSSAPI*', 'GSSAPIAuthentication yes', 'IdentitiesOnly yes'],
      ...otherKeys(sandbox, 1),
    ],
  },
];

interface Counts {
  /** Standard error, without the parts that differ at each run. */
  readonly said: string;
  /** The identification of the client of each connection: whose a connection too many is. */
  readonly clients: readonly string[];
  /** Lines of the server about a refused method. */
  readonly failures: number;
}

async function counted(
  sandbox: Sandbox,
  row: Row,
  run: (config: string) => Promise<Result>,
): Promise<Counts> {
  const sshd = await startSshd(sandbox, { options: { LogLevel: 'VERBOSE', ...row.server } });
  const clients: string[] = [];
  const { port } = await startLoopback(sandbox, (client) => {
    const at = clients.push('sent nothing') - 1;
    client.once('data', (data: Buffer) => (clients[at] = data.toString('latin1', 0, 40)));
    if (row.serve) return row.serve(client);
    const server = connect({ host: '127.0.0.1', port: sshd.port, noDelay: true });
    server.on('error', () => client.destroy());
    // A reset, which pipe does not pass on.
    client.once('close', () => server.destroy());
    client.pipe(server).pipe(client);
  });
  // Without the keys that the server accepts; of several values the first one counts.
  const own = [
    ...['HostName 127.0.0.1', `Port ${port}`, `HostKeyAlias [127.0.0.1]:${sshd.port}`],
    ...[`User ${sshd.user}`, 'BatchMode yes', `UserKnownHostsFile ${sshd.knownHosts}`],
  ];
  const lines = ['Host box', ...row.config(sandbox, sshd), ...own].join('\n  ');
  const { code, stderr } = await run(sandbox.write('config', `${lines}\n`));
  expect(code).toBe(255);
  // The agent remembers the failure, and does not try again in the background.
  const log = await sshd.logAfterLogins();
  const failures = log.match(/Failed (?!none)|Invalid user/g)?.length ?? 0;
  const said = stderr
    .replaceAll(sandbox.root, 'ROOT')
    .replaceAll(String(sshd.port), 'SSHD')
    .replaceAll(String(port), 'PORT')
    .replace(/SHA256:\S+/g, 'PRINT');
  return { said, clients, failures };
}

describe.skipIf(!haveSshd())('no more logins with sshpool than with ssh', () => {
  it.concurrent.for(ROWS.map((row) => [row.name, row] as const))(
    'are tried with %s',
    async ([, row], { skip }) => {
      skip(row.skip !== undefined, row.skip);
      await using theirs = createSandbox();
      const expected = await counted(theirs, row, (config) =>
        ssh(theirs, ['-F', config, 'box', 'true'], { apart: true }),
      );
      for (const command of ['ssh', 'exec']) {
        await using ours = createSandbox();
        const seen = await counted(ours, row, (config) =>
          runCli(ours, [command, '-F', config, 'box', 'true'], { apart: true }),
        );
        expect(seen.clients).toHaveLength(expected.clients.length);
        expect(seen.failures).toBeLessThanOrEqual(expected.failures);
        // `exec` has its own messages.
        expect(command === 'ssh' ? seen.said : expected.said).toBe(expected.said);
      }
    },
  );
});
