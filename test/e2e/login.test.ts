/** The login as a server sees it: ssh and sshpool offer the same keys in the same order. */
import { copyFileSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { certify, keyAgent, makeKey, publicKeyOf } from '../reach/fixtures.ts';
import { runCli, ssh as runSsh } from '../support/cli.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, sshdIsAtLeast, sshIsAtLeast, startSshd, type Sshd } from '../support/sshd.ts';

/** The result of each key, as `Failed ED25519-CERT SHA256:…`. */
function verdicts(log: string): string[] {
  const lines = log.matchAll(
    /^(Failed|Partial|Accepted) publickey for .*: ([A-Z0-9-]+ SHA256:\S+)/gm,
  );
  return [...lines].map(([, verdict, key]) => `${verdict} ${key}`);
}

/** A server that logs the result of each key, and accepts these. */
function server(
  sandbox: Sandbox,
  known: readonly string[],
  options: Readonly<Record<string, string>> = {},
): Promise<Sshd> {
  const authorized = sandbox.write('known', `${known.map(publicKeyOf).join('\n')}\n`);
  const more = { LogLevel: 'VERBOSE', MaxAuthTries: '20', AuthorizedKeysFile: authorized };
  return startSshd(sandbox, { options: { ...more, ...options } });
}

/** What the server saw of ssh and of sshpool, run with the same configuration. */
async function both(
  sandbox: Sandbox,
  sshd: Sshd,
  config: readonly string[],
  env: Record<string, string> = {},
): Promise<{ ssh: string[]; sshpool: string[] }> {
  const file = sandbox.write(
    'config',
    ['Host box', ...config, `HostName 127.0.0.1`, `Port ${sshd.port}`]
      .concat(`UserKnownHostsFile ${sshd.knownHosts}`, 'BatchMode yes')
      .join('\n'),
  );
  await runSsh(sandbox, ['-F', file, 'box', 'true'], { env });
  const { length: seen } = await sshd.logAfterLogins();
  await runCli(sandbox, ['exec', '-F', file, 'box', 'true'], {
    env: { ...env, SSH_POOL_LINK: 'ssh2' },
  });
  const log = await sshd.logAfterLogins();
  const [ssh, sshpool] = [log.slice(0, seen), log.slice(seen)];
  return { ssh: verdicts(ssh), sshpool: verdicts(sshpool) };
}

describe.skipIf(!haveSshd())('a server sees', () => {
  it('keys of files and of the agent in the order of ssh', async () => {
    await using sandbox = createSandbox();
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => makeKey(sandbox, name));
    const ca = makeKey(sandbox, 'ca');
    certify(ca, String(c), 'nobody');
    const socket = await keyAgent(sandbox, [String(d), String(b)]);
    const sshd = await server(sandbox, []);
    const config = [a, b, c].map((file) => `IdentityFile ${file}`);
    const { ssh, sshpool } = await both(sandbox, sshd, config, { SSH_AUTH_SOCK: socket });
    expect(ssh).toHaveLength(5);
    expect(sshpool).toEqual(ssh);
  });

  it('certificates of CertificateFile first, as from ssh', async () => {
    await using sandbox = createSandbox();
    const [a, b] = [makeKey(sandbox, 'a'), makeKey(sandbox, 'b', { type: 'ecdsa' })];
    const elsewhere = sandbox.path('certificate');
    copyFileSync(certify(makeKey(sandbox, 'ca'), b, 'nobody'), elsewhere);
    rmSync(`${b}-cert.pub`);
    const sshd = await server(sandbox, []);
    const { ssh, sshpool } = await both(sandbox, sshd, [
      ...[`IdentityFile ${a}`, `IdentityFile ${b}`, `CertificateFile ${elsewhere}`],
    ]);
    expect(ssh).toHaveLength(3);
    expect(sshpool).toEqual(ssh);
  });

  it('a query for each key, and a signature with the accepted one only, as from ssh', async () => {
    await using sandbox = createSandbox();
    const keys = Array.from({ length: 7 }, (_, at) => makeKey(sandbox, `key${at}`));
    const sshd = await server(sandbox, keys.slice(-1));
    const { ssh, sshpool } = await both(
      sandbox,
      sshd,
      keys.map((file) => `IdentityFile ${file}`),
    );
    expect(sshpool).toEqual(ssh);
    // sshd logs the accepted key at the query and at the signature.
    expect(sshd.log().match(/Accepted key /g)).toHaveLength(4);
  });

  it('two keys in sequence if it requires two, and none twice', async () => {
    await using sandbox = createSandbox();
    const [a, b] = [makeKey(sandbox, 'a'), makeKey(sandbox, 'b')];
    const sshd = await server(sandbox, [a, b], {
      AuthenticationMethods: 'publickey,publickey',
      MaxAuthTries: '1',
    });
    const { ssh, sshpool } = await both(sandbox, sshd, [`IdentityFile ${a}`, `IdentityFile ${b}`]);
    expect(ssh.map((line) => line.split(' ')[0])).toEqual(['Partial', 'Accepted']);
    expect(sshpool).toEqual(ssh);
  });

  it.skipIf(!sshdIsAtLeast(9, 6) || !sshIsAtLeast(9, 6))(
    'an RSA key whose algorithm it announces only after it knows the user',
    async () => {
      await using sandbox = createSandbox();
      const key = makeKey(sandbox, 'a', { type: 'rsa' });
      const algorithms = 'ssh-ed25519,rsa-sha2-512';
      const match = `Match User *\n  PubkeyAcceptedAlgorithms ${algorithms}\n`;
      const sshd = await server(sandbox, [key], {
        PubkeyAcceptedAlgorithms: 'ssh-ed25519',
        Include: sandbox.write('match', match),
      });
      const { ssh, sshpool } = await both(sandbox, sshd, [`IdentityFile ${key}`]);
      expect(ssh.map((line) => line.split(' ')[0])).toEqual(['Accepted']);
      expect(sshpool).toEqual(ssh);
    },
  );
});
