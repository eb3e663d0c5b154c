/** Host keys that sshpool trusts, in all forms that ssh supports. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import type { Sandbox } from '../../support/sandbox.ts';
import { startSshd, type Sshd } from '../../support/sshd.ts';
import { certify, makeKey, publicKeyOf } from '../fixtures.ts';
import type { Case, Row } from '../row.ts';

const ok = { outcome: 'ok' } as const;
const refused = { outcome: 'host key refused', link: 'none' } as const;

const at = (sshd: Sshd, extra: string, more: Partial<Case> = {}): Case => ({
  args: ['-F', sshd.config(extra), 'box', 'echo trusted'],
  ...more,
});

const hostKeyOf = ({ hostKeys: [file = ''] }: Sshd): string =>
  publicKeyOf(file).split(' ').slice(0, 2).join(' ');

/** A row whose known_hosts is made from the server's key and port. */
function known(
  name: string,
  lines: (sshd: Sshd, sandbox: Sandbox) => string,
  more: Partial<Row> & { readonly extra?: string } = {},
): Row {
  const { extra = '', ...rest } = more;
  return {
    name,
    ...ok,
    ...rest,
    prepare: async (sandbox) => {
      const sshd = await startSshd(sandbox, { options: { LogLevel: 'DEBUG1' } });
      const file = sandbox.write('known', lines(sshd, sandbox));
      // Whether a client tried to log in at an untrusted server.
      const after = async (): Promise<string> =>
        String(/userauth-request/.test(await sshd.logAfterLogins()));
      return at(sshd, `${extra}\nUserKnownHostsFile ${file}`, { after });
    },
  };
}

const portOf = ({ port }: Sshd): string => `[127.0.0.1]:${port}`;

/** An unknown host; what known_hosts has afterwards is compared, hashes aside. */
function unknown(name: string, extra: string, more: Partial<Row> = {}): Row {
  return {
    name,
    ...ok,
    ...more,
    prepare: async (sandbox) => {
      const sshd = await startSshd(sandbox);
      const file = sandbox.path('known');
      const after = (): string =>
        existsSync(file) ? readFileSync(file, 'utf8').replace(/^\S+/gm, 'NAME') : '';
      const mask = (text: string): string => text.replaceAll(hostKeyOf(sshd), 'KEY');
      return at(sshd, `${extra}\nUserKnownHostsFile ${file}`, { after: () => mask(after()) });
    },
  };
}

/** A server with a certificate for its host key, signed by the authority whose key is returned. */
async function certified(
  sandbox: Sandbox,
  options: Record<string, string> = {},
): Promise<{ sshd: Sshd; ca: string }> {
  const [ca, key] = [makeKey(sandbox, 'ca'), makeKey(sandbox, 'host')];
  const HostCertificate = certify(ca, key, '127.0.0.1', ['-h']);
  const sshd = await startSshd(sandbox, {
    options: { HostKey: key, HostCertificate, ...options },
  });
  return { sshd, ca };
}

export const trustRows: readonly Row[] = [
  known('known with its port', (sshd) => `${portOf(sshd)} ${hostKeyOf(sshd)}\n`),
  known('known without its port', (sshd) => `127.0.0.1 ${hostKeyOf(sshd)}\n`),
  known('known by a wildcard', (sshd) => `[127.0.*]:* ${hostKeyOf(sshd)}\n`),
  known(
    'negated by a pattern',
    (sshd) => `!${portOf(sshd)},[127.0.*]:* ${hostKeyOf(sshd)}\n`,
    refused,
  ),
  {
    name: 'known by a hashed name',
    ...ok,
    prepare: async (sandbox) => {
      const sshd = await startSshd(sandbox);
      const file = sandbox.write('known', `${portOf(sshd)} ${hostKeyOf(sshd)}\n`);
      execFileSync('ssh-keygen', ['-H', '-f', file], { stdio: 'ignore' });
      return at(sshd, `UserKnownHostsFile ${file}`);
    },
  },
  {
    name: 'known by the second of several files',
    ...ok,
    prepare: async (sandbox) => {
      const sshd = await startSshd(sandbox);
      const first = sandbox.write('first', 'other.example ssh-ed25519 AAAA\n');
      return at(sshd, `UserKnownHostsFile ${first} ${sshd.knownHosts}`);
    },
  },
  {
    name: 'known by the global file',
    ...ok,
    prepare: async (sandbox) => {
      const sshd = await startSshd(sandbox);
      return at(sshd, `UserKnownHostsFile none\nGlobalKnownHostsFile ${sshd.knownHosts}`);
    },
  },
  known('known, without a global file', (sshd) => `${portOf(sshd)} ${hostKeyOf(sshd)}\n`, {
    extra: 'GlobalKnownHostsFile none',
  }),
  known('known by HostKeyAlias', (sshd) => `alias ${hostKeyOf(sshd)}\n`, {
    extra: 'HostKeyAlias alias',
  }),
  {
    name: 'known by an RSA key, where there is an ed25519 key too',
    ...ok,
    prepare: async (sandbox) => {
      const sshd = await startSshd(sandbox, { hostKeys: ['ed25519', 'rsa'] });
      const [, rsa = ''] = sshd.hostKeys;
      const file = sandbox.write('known', `${portOf(sshd)} ${publicKeyOf(rsa)}\n`);
      return at(sshd, `UserKnownHostsFile ${file}`);
    },
  },
  known(
    'changed',
    (sshd, sandbox) => `${portOf(sshd)} ${publicKeyOf(makeKey(sandbox, 'other'))}\n`,
    refused,
  ),
  known(
    'changed, under StrictHostKeyChecking accept-new',
    (sshd, sandbox) => `${portOf(sshd)} ${publicKeyOf(makeKey(sandbox, 'other'))}\n`,
    { ...refused, extra: 'StrictHostKeyChecking accept-new' },
  ),
  known(
    'changed, under NoHostAuthenticationForLocalhost',
    (sshd, sandbox) => `${portOf(sshd)} ${publicKeyOf(makeKey(sandbox, 'other'))}\n`,
    {
      extra: 'NoHostAuthenticationForLocalhost yes',
      link: 'openssh',
      notOverSsh2: /NoHostAuthenticationForLocalhost/,
    },
  ),
  known(
    'revoked in known_hosts',
    (sshd) => `${portOf(sshd)} ${hostKeyOf(sshd)}\n@revoked * ${hostKeyOf(sshd)}\n`,
    refused,
  ),
  {
    name: 'revoked by RevokedHostKeys',
    ...refused,
    notOverSsh2: /RevokedHostKeys/,
    prepare: async (sandbox) => {
      const sshd = await startSshd(sandbox);
      return at(sshd, `RevokedHostKeys ${sandbox.write('revoked', `${hostKeyOf(sshd)}\n`)}`);
    },
  },
  {
    name: 'not revoked by RevokedHostKeys',
    ...ok,
    link: 'openssh',
    notOverSsh2: /RevokedHostKeys/,
    prepare: async (sandbox) => {
      const sshd = await startSshd(sandbox);
      const other = publicKeyOf(makeKey(sandbox, 'other'));
      return at(sshd, `RevokedHostKeys ${sandbox.write('revoked', `${other}\n`)}`);
    },
  },
  {
    name: 'known by a certificate authority',
    ...ok,
    link: 'openssh',
    notOverSsh2: /no ED25519 host key is known/,
    prepare: async (sandbox) => {
      const { sshd, ca } = await certified(sandbox);
      const file = sandbox.write('known', `@cert-authority * ${publicKeyOf(ca)}\n`);
      return at(sshd, `UserKnownHostsFile ${file}`);
    },
  },
  {
    name: 'known by a certificate authority for its name without the port',
    ...ok,
    link: 'openssh',
    notOverSsh2: /no ED25519 host key is known/,
    prepare: async (sandbox) => {
      const { sshd, ca } = await certified(sandbox);
      const file = sandbox.write('known', `@cert-authority 127.0.0.1 ${publicKeyOf(ca)}\n`);
      return at(sshd, `UserKnownHostsFile ${file}`);
    },
  },
  {
    name: 'certified by an authority that is not known',
    ...refused,
    notOverSsh2: /host key is known/,
    prepare: async (sandbox) => {
      const { sshd } = await certified(sandbox);
      const other = publicKeyOf(makeKey(sandbox, 'other'));
      const file = sandbox.write('known', `@cert-authority * ${other}\n`);
      return at(sshd, `UserKnownHostsFile ${file}`);
    },
  },
  {
    name: 'a server with nothing but certificate host keys',
    ...ok,
    link: 'openssh',
    notOverSsh2: /no matching host key format/,
    prepare: async (sandbox) => {
      const only = { HostKeyAlgorithms: 'ssh-ed25519-cert-v01@openssh.com' };
      const { sshd, ca } = await certified(sandbox, only);
      const file = sandbox.write('known', `@cert-authority * ${publicKeyOf(ca)}\n`);
      return at(sshd, `UserKnownHostsFile ${file}`);
    },
  },
  {
    name: 'KnownHostsCommand',
    ...ok,
    link: 'openssh',
    notOverSsh2: /KnownHostsCommand/,
    prepare: async (sandbox) => {
      const sshd = await startSshd(sandbox);
      const program = sandbox.write('hosts', `#!/bin/sh\ncat ${sshd.knownHosts}\n`);
      chmodSync(program, 0o700);
      return at(sshd, `UserKnownHostsFile none\nKnownHostsCommand ${program} %H`);
    },
  },
  {
    name: 'NoHostAuthenticationForLocalhost',
    ...ok,
    link: 'openssh',
    notOverSsh2: /NoHostAuthenticationForLocalhost/,
    prepare: async (sandbox) => {
      const none = 'UserKnownHostsFile none\nNoHostAuthenticationForLocalhost yes';
      return at(await startSshd(sandbox), none);
    },
  },
  unknown('unknown, accept-new', 'StrictHostKeyChecking accept-new'),
  unknown('unknown, no', 'StrictHostKeyChecking no'),
  unknown('unknown, accept-new and hashed', 'StrictHostKeyChecking accept-new\nHashKnownHosts yes'),
  unknown('unknown, yes', 'StrictHostKeyChecking yes', refused),
  unknown('unknown, ask under BatchMode', 'StrictHostKeyChecking ask\nBatchMode yes', refused),
  unknown('unknown, ask without a terminal', 'StrictHostKeyChecking ask', refused),
];
