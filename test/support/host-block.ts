/** The Host block of ssh_config with which ssh and sshpool connect to a test server. */
import { spawnSync } from 'node:child_process';

export interface Reachable {
  readonly name: string;
  readonly port: number;
  readonly user: string;
  readonly identities: readonly string[];
  readonly knownHosts: string;
}

/** Matches the name itself and every `NAME-…`; trusts and offers the test's keys only. */
export function hostBlockOf({ name, port, user, identities, knownHosts }: Reachable): string {
  return [
    `Host ${name} ${name}-*`,
    'HostName 127.0.0.1',
    `Port ${port}`,
    `User ${user}`,
    ...identities.map((file) => `IdentityFile ${file}`),
    'IdentitiesOnly yes',
    `UserKnownHostsFile ${knownHosts}`,
    'GlobalKnownHostsFile /dev/null',
    'StrictHostKeyChecking yes',
  ].join('\n  ');
}

/**
 * The same for a server that is not OpenSSH: since 10.1 ssh warns that its key exchange is not
 * post-quantum.
 */
export function otherHostBlockOf(server: Reachable): string {
  // An ssh that does not know the option would report an error.
  return knowsWarning() ? `${hostBlockOf(server)}\n  WarnWeakCrypto no` : hostBlockOf(server);
}

function knowsWarning(): boolean {
  const words = ['-G', '-F', 'none', '-o', 'WarnWeakCrypto=no', 'box'];
  return spawnSync('ssh', words, { stdio: 'ignore' }).status === 0;
}
