/** The configuration of a test's sshd for a program that uses the library. */
import type { HostConfig } from '../../src/index.ts';
import type { Sshd } from './sshd.ts';

/** Uses no configuration file of the user; to be used with `configFile: 'none'`. */
export function libraryHost({ port, user, identities, knownHosts }: Sshd): HostConfig {
  return {
    name: 'box',
    host: '127.0.0.1',
    port,
    protocol: 'ssh',
    sshUser: user,
    sshKeyPath: identities[0],
    sshOptions: { UserKnownHostsFile: knownHosts, GlobalKnownHostsFile: '/dev/null' },
  };
}
