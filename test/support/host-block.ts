/** The block of ssh_config with which ssh, and so sshpool, reaches a server of the tests. */

export interface Reachable {
  readonly name: string;
  readonly port: number;
  readonly user: string;
  readonly identities: readonly string[];
  readonly knownHosts: string;
}

/** Answers to the name itself and to every `NAME-…`; trusts and offers the test's keys only. */
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
