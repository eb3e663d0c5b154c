/** Evaluation of the configuration: names, tokens, variables, conditions. */
import { spawnSync } from 'node:child_process';
import { startSshd, type Sshd } from '../../support/sshd.ts';
import type { Row } from '../row.ts';
import { plain } from './plain.ts';

const ok = { outcome: 'ok' } as const;

/** Prints whether a condition was true. */
const SAY = 'echo "<$SSHP_A>"';

const resolves = (name: string): boolean =>
  spawnSync('getent', ['ahosts', name], { stdio: 'ignore' }).status === 0;

/** A row with the server's key and known_hosts in the configuration, and all else in the arguments. */
const words = (name: string, rest: (sshd: Sshd) => readonly string[]): Row => ({
  name,
  ...ok,
  prepare: async (sandbox) => {
    const sshd = await startSshd(sandbox);
    const [key = ''] = sshd.identities;
    const lines = `IdentityFile ${key}\nIdentitiesOnly yes\nUserKnownHostsFile ${sshd.knownHosts}\n`;
    return { args: ['-F', sandbox.write('config', lines), ...rest(sshd), 'echo arrived'] };
  },
});

export const nameRows: readonly Row[] = [
  plain('HostName with a per cent sign', 'Host box\nHostName 127.0.0.%%1', {
    outcome: 'unknown host',
    link: 'none',
  }),
  {
    name: 'HostName with a token for the name typed',
    ...ok,
    prepare: async (sandbox) => {
      const sshd = await startSshd(sandbox);
      const known = `HostKeyAlias [127.0.0.1]:${sshd.port}`;
      const config = sshd.config(
        `Host 1\nHostName 127.0.0.%h\n${known}\n${sshd.hostBlock.replace('Host box', 'Host 1')}`,
      );
      return { args: ['-F', config, '1', 'echo arrived'] };
    },
  },
  {
    name: 'Include',
    ...ok,
    prepare: async (sandbox) => {
      const sshd = await startSshd(sandbox);
      const config = sandbox.write('config', `Include ${sshd.config()}\n`);
      return { args: ['-F', config, 'box', 'echo arrived'] };
    },
  },
  plain('Match exec that holds', 'Match host box exec "true"\nSetEnv SSHP_A=yes', { command: SAY }),
  plain('Match exec that does not', 'Match host box exec "false"\nSetEnv SSHP_A=yes', {
    command: SAY,
  }),
  {
    name: 'Match exec that gives the port',
    ...ok,
    prepare: async (sandbox) => {
      const sshd = await startSshd(sandbox);
      const block = sshd.hostBlock.replace(/Port \d+/, '').replace('Host box box-*', '');
      const config = sandbox.write(
        'config',
        `Match host box exec "true"\nPort ${sshd.port}\nMatch all\n${block}\n`,
      );
      return { args: ['-F', config, 'box', 'echo arrived'] };
    },
  },
  {
    name: 'a variable in IdentityFile',
    ...ok,
    prepare: async (sandbox) => {
      const sshd = await startSshd(sandbox);
      const [key = ''] = sshd.identities;
      const env = { SSHP_TEST_KEY: key };
      const config = sandbox.write(
        'config',
        `${sshd.hostBlock.replace(key, '${SSHP_TEST_KEY}')}\n`,
      );
      return { args: ['-F', config, 'box', 'echo arrived'], run: { env } };
    },
  },
  {
    name: 'CanonicalizeHostname, a name that is in no domain',
    ...ok,
    prepare: async (sandbox) => {
      const sshd = await startSshd(sandbox);
      const canonical =
        'CanonicalizeHostname yes\nCanonicalDomains invalid\nCanonicalizeFallbackLocal yes';
      return { args: ['-F', sshd.config(canonical), 'box', 'echo arrived'] };
    },
  },
  {
    name: 'CanonicalizeHostname, a name that is in a domain',
    ...ok,
    skip: resolves('box.localhost.') ? undefined : 'names in .localhost do not resolve here',
    prepare: async (sandbox) => {
      const sshd = await startSshd(sandbox);
      const block = sshd.hostBlock
        .replace('Host box box-*', 'Host box.localhost')
        .replace('HostName 127.0.0.1', `HostKeyAlias [127.0.0.1]:${sshd.port}`);
      const lines = `CanonicalizeHostname yes\nCanonicalDomains localhost\n${block}\n`;
      return { args: ['-F', sandbox.write('config', lines), 'box', 'echo arrived'] };
    },
  },
  plain('Match final', 'Match final host 127.0.0.1\nSetEnv SSHP_A=yes', { command: SAY }),
  plain('an unknown option', 'NoSuchOption yes', {
    outcome: 'configuration error',
    link: 'none',
  }),
  plain('an unknown option, with IgnoreUnknown', 'IgnoreUnknown NoSuch*\nNoSuchOption yes'),
  words('user, port and key by options', ({ user, port, identities: [key = ''] }) => [
    '-l',
    user,
    '-p',
    String(port),
    '-i',
    key,
    '127.0.0.1',
  ]),
  words('user@host', ({ user, port }) => ['-p', String(port), `${user}@127.0.0.1`]),
  words('ssh://user@host:port', ({ user, port }) => [`ssh://${user}@127.0.0.1:${port}`]),
];
