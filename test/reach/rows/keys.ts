/** User authentication with keys, certificates and key agents. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { Writer } from '../../../src/base/bytes.ts';
import { sshdIsAtLeast, startSshd } from '../../support/sshd.ts';
import {
  answering,
  certify,
  heldBy,
  keyAgent,
  loginAt,
  makeKey,
  serverWithKeys,
} from '../fixtures.ts';
import type { Row } from '../row.ts';

const ok = { outcome: 'ok' } as const;
const denied = { outcome: 'permission denied', link: 'none' } as const;
const user = userInfo().username;

/** New in OpenSSH 10.6; ssh2 does not know it. */
const NEW_TYPE = 'ssh-mldsa44-ed25519';
const hasNewType =
  sshdIsAtLeast(10, 6) &&
  execFileSync('ssh', ['-Q', 'key'], { encoding: 'utf8' }).includes(NEW_TYPE);
const newType = { skip: hasNewType ? undefined : `ssh or sshd knows no ${NEW_TYPE}` };

const only = (file: string): string => `IdentityFile ${file}\nIdentitiesOnly yes`;

/** A row for one key file that the server accepts. */
function keyFile(
  name: string,
  options: Parameters<typeof makeKey>[2],
  more: Partial<Row> & { readonly answer?: string } = {},
): Row {
  const { answer, ...rest } = more;
  return {
    name,
    ...ok,
    ...rest,
    prepare: async (sandbox) => {
      const key = makeKey(sandbox, 'key', options);
      const sshd = await serverWithKeys(sandbox, [key]);
      const env = answer === undefined ? {} : answering(sandbox, answer);
      return loginAt(sshd, only(key), { env });
    },
  };
}

const PASSPHRASE = 'open sesame';

export const keyRows: readonly Row[] = [
  keyFile('ed25519 key', { type: 'ed25519' }),
  keyFile('ECDSA key', { type: 'ecdsa' }),
  keyFile('RSA key', { type: 'rsa' }),
  keyFile('RSA key in PEM', { type: 'rsa', format: ['-m', 'PEM'] }),
  keyFile('ECDSA key in PKCS#8', { type: 'ecdsa', format: ['-m', 'PKCS8'] }),
  keyFile('RSA key in PKCS#8', { type: 'rsa', format: ['-m', 'PKCS8'] }),
  keyFile(
    'encrypted key, passphrase asked for',
    { passphrase: PASSPHRASE },
    { answer: PASSPHRASE },
  ),
  keyFile(
    'encrypted key, wrong passphrase',
    { passphrase: PASSPHRASE },
    { ...denied, answer: 'no' },
  ),
  keyFile('encrypted key, no terminal', { passphrase: PASSPHRASE }, denied),
  {
    name: 'encrypted key in PEM, without its .pub file',
    ...ok,
    prepare: async (sandbox) => {
      const options = { type: 'rsa', passphrase: PASSPHRASE, format: ['-m', 'PEM'] };
      const key = makeKey(sandbox, 'key', options);
      const sshd = await serverWithKeys(sandbox, [key]);
      rmSync(`${key}.pub`);
      return loginAt(sshd, only(key), { env: answering(sandbox, PASSPHRASE) });
    },
  },
  {
    name: 'encrypted key with a cipher that only OpenSSH has, after a key that the server does not know',
    ...ok,
    link: 'openssh',
    notOverSsh2: /Permission denied/,
    prepare: async (sandbox) => {
      const format = ['-Z', 'chacha20-poly1305@openssh.com'];
      const key = makeKey(sandbox, 'key', { passphrase: PASSPHRASE, format });
      const sshd = await serverWithKeys(sandbox, [key]);
      const extra = `IdentityFile ${makeKey(sandbox, 'other')}\n${only(key)}`;
      return loginAt(sshd, extra, { env: answering(sandbox, PASSPHRASE) });
    },
  },
  {
    name: 'encrypted key in PEM without its .pub file, after a key that the server does not know',
    ...ok,
    prepare: async (sandbox) => {
      const options = { type: 'ecdsa', passphrase: PASSPHRASE, format: ['-m', 'PKCS8'] };
      const key = makeKey(sandbox, 'key', options);
      const sshd = await serverWithKeys(sandbox, [key]);
      rmSync(`${key}.pub`);
      const extra = `IdentityFile ${makeKey(sandbox, 'other')}\n${only(key)}`;
      return loginAt(sshd, extra, { env: answering(sandbox, PASSPHRASE) });
    },
  },
  {
    name: 'key agent',
    ...ok,
    prepare: async (sandbox) => {
      const key = makeKey(sandbox, 'key');
      const sshd = await serverWithKeys(sandbox, [key]);
      const SSH_AUTH_SOCK = await keyAgent(sandbox, [key]);
      rmSync(key);
      return loginAt(sshd, 'IdentitiesOnly no', { env: { SSH_AUTH_SOCK } });
    },
  },
  {
    name: 'IdentityAgent in the configuration',
    ...ok,
    prepare: async (sandbox) => {
      const key = makeKey(sandbox, 'key', { type: 'rsa' });
      const sshd = await serverWithKeys(sandbox, [key]);
      const socket = await keyAgent(sandbox, [key]);
      return loginAt(sshd, `IdentitiesOnly no\nIdentityAgent ${socket}`);
    },
  },
  {
    name: 'IdentitiesOnly with a public key file',
    ...ok,
    prepare: async (sandbox) => {
      const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => makeKey(sandbox, name));
      const [last = ''] = keys.slice(-1);
      // With all of them, the server would disconnect before the right one.
      const sshd = await serverWithKeys(sandbox, [last], { MaxAuthTries: '3' });
      const SSH_AUTH_SOCK = await keyAgent(sandbox, keys);
      return loginAt(sshd, only(`${last}.pub`), { env: { SSH_AUTH_SOCK } });
    },
  },
  {
    name: 'IdentitiesOnly with a public key file of a type that ssh2 does not know',
    ...ok,
    ...newType,
    prepare: async (sandbox) => {
      const key = makeKey(sandbox, 'new', { type: NEW_TYPE });
      const PubkeyAcceptedAlgorithms = `+${NEW_TYPE}`;
      const sshd = await serverWithKeys(sandbox, [key], { PubkeyAcceptedAlgorithms });
      const SSH_AUTH_SOCK = await keyAgent(sandbox, [key]);
      const extra = `${only(`${key}.pub`)}\nPubkeyAcceptedAlgorithms ${PubkeyAcceptedAlgorithms}`;
      rmSync(key);
      return loginAt(sshd, extra, { env: { SSH_AUTH_SOCK } });
    },
  },
  {
    name: 'certificate in the key agent, of a type that ssh2 does not know',
    ...ok,
    ...newType,
    prepare: async (sandbox) => {
      const [ca, key] = [makeKey(sandbox, 'ca'), makeKey(sandbox, 'new', { type: NEW_TYPE })];
      const certificate = certify(ca, key, user);
      const sshd = await serverWithKeys(sandbox, [], { TrustedUserCAKeys: `${ca}.pub` });
      const SSH_AUTH_SOCK = await keyAgent(sandbox, [key]);
      rmSync(key);
      const extra = `${only(`${key}.pub`)}\nCertificateFile ${certificate}`;
      return loginAt(sshd, extra, { env: { SSH_AUTH_SOCK } });
    },
  },
  {
    name: 'a key file of a type that ssh2 does not know, without its .pub file',
    ...ok,
    ...newType,
    link: 'openssh',
    notOverSsh2: /Permission denied/,
    prepare: async (sandbox) => {
      const key = makeKey(sandbox, 'new', { type: NEW_TYPE });
      const sshd = await serverWithKeys(sandbox, [key]);
      rmSync(`${key}.pub`);
      return loginAt(sshd, only(key));
    },
  },
  {
    name: 'a key file beside a .pub file of an unknown type',
    ...ok,
    prepare: async (sandbox) => {
      const key = makeKey(sandbox, 'key');
      const sshd = await serverWithKeys(sandbox, [key]);
      const blob = new Writer().string('ssh-new').string(Buffer.alloc(40, 1)).finish();
      writeFileSync(`${key}.pub`, `ssh-new ${blob.toString('base64')}\n`);
      return loginAt(sshd, only(key));
    },
  },
  {
    name: 'more keys in the agent than the server allows',
    // Since 10.6 queries for keys do not count.
    ...(sshdIsAtLeast(10, 6) ? ok : denied),
    prepare: async (sandbox) => {
      const keys = ['a', 'b', 'c', 'd'].map((name) => makeKey(sandbox, name));
      const sshd = await serverWithKeys(sandbox, keys.slice(-1), { MaxAuthTries: '2' });
      const SSH_AUTH_SOCK = await keyAgent(sandbox, keys);
      return loginAt(sshd, 'IdentitiesOnly no', { env: { SSH_AUTH_SOCK } });
    },
  },
  {
    name: 'user certificate beside the key file',
    ...ok,
    prepare: async (sandbox) => {
      const [ca, key] = [makeKey(sandbox, 'ca'), makeKey(sandbox, 'key')];
      certify(ca, key, user);
      const sshd = await serverWithKeys(sandbox, [], { TrustedUserCAKeys: `${ca}.pub` });
      return loginAt(sshd, only(key));
    },
  },
  {
    name: 'user certificate of an RSA key, by CertificateFile',
    ...ok,
    prepare: async (sandbox) => {
      const [ca, key] = [makeKey(sandbox, 'ca'), makeKey(sandbox, 'key', { type: 'rsa' })];
      const elsewhere = sandbox.path('certificate');
      copyFileSync(certify(ca, key, user), elsewhere);
      rmSync(`${key}-cert.pub`);
      const sshd = await serverWithKeys(sandbox, [], { TrustedUserCAKeys: `${ca}.pub` });
      return loginAt(sshd, `${only(key)}\nCertificateFile ${elsewhere}`);
    },
  },
  {
    name: 'user certificate in the key agent',
    ...ok,
    prepare: async (sandbox) => {
      const [ca, key] = [makeKey(sandbox, 'ca'), makeKey(sandbox, 'key', { type: 'ecdsa' })];
      certify(ca, key, user);
      const sshd = await serverWithKeys(sandbox, [], { TrustedUserCAKeys: `${ca}.pub` });
      const SSH_AUTH_SOCK = await keyAgent(sandbox, [key]);
      rmSync(key);
      return loginAt(sshd, 'IdentitiesOnly no', { env: { SSH_AUTH_SOCK } });
    },
  },
  {
    name: 'a key that the server does not know',
    ...denied,
    prepare: async (sandbox) =>
      loginAt(await serverWithKeys(sandbox, []), only(makeKey(sandbox, 'key'))),
  },
  {
    name: 'PubkeyAuthentication no',
    ...denied,
    prepare: async (sandbox) => loginAt(await startSshd(sandbox), 'PubkeyAuthentication no'),
  },
  {
    name: 'PreferredAuthentications without publickey',
    ...denied,
    prepare: async (sandbox) =>
      loginAt(await startSshd(sandbox), 'PreferredAuthentications password'),
  },
  {
    name: 'a key type that PubkeyAcceptedAlgorithms forbids',
    ...denied,
    prepare: async (sandbox) => {
      const key = makeKey(sandbox, 'key');
      const sshd = await serverWithKeys(sandbox, [key]);
      return loginAt(sshd, `${only(key)}\nPubkeyAcceptedAlgorithms rsa-sha2-512`);
    },
  },
  {
    name: 'a key restricted to the host by ssh-add -h',
    ...ok,
    link: 'openssh',
    notOverSsh2: /Permission denied/,
    prepare: async (sandbox) => {
      const key = makeKey(sandbox, 'key');
      const sshd = await serverWithKeys(sandbox, [key]);
      const restriction = ['-H', sshd.knownHosts, '-h', `[127.0.0.1]:${sshd.port}`];
      const SSH_AUTH_SOCK = await keyAgent(sandbox, [key], restriction);
      rmSync(key);
      return loginAt(sshd, 'IdentitiesOnly no', { env: { SSH_AUTH_SOCK } });
    },
  },
  {
    name: 'AddKeysToAgent',
    ...ok,
    link: 'openssh',
    notOverSsh2: /AddKeysToAgent/,
    prepare: async (sandbox) => {
      const key = makeKey(sandbox, 'key');
      const sshd = await serverWithKeys(sandbox, [key]);
      const SSH_AUTH_SOCK = await keyAgent(sandbox, []);
      const asked = loginAt(sshd, `${only(key)}\nAddKeysToAgent yes`, { env: { SSH_AUTH_SOCK } });
      return { ...asked, after: () => heldBy(sandbox, SSH_AUTH_SOCK) };
    },
  },
];
